import { Inject, Injectable, Optional, type OnApplicationShutdown } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config/gateway-config';
import { Metrics } from '../observability/metrics/metrics';
import { EnclaveClient } from './enclave-client';

/** A client for each configured enclave, in the order of the configuration: an enclave is known by its place in it. */
@Injectable()
export class EnclaveClients implements OnApplicationShutdown {
  readonly all: readonly [EnclaveClient, ...EnclaveClient[]];

  constructor(@Inject(GATEWAY_CONFIG) { enclave }: Pick<GatewayConfig, 'enclave'>, @Optional() metrics?: Metrics) {
    const clientOf = (address: string) => new EnclaveClient({ address, timeoutMs: enclave.timeoutMs }, metrics);
    const [first, ...rest] = enclave.addresses;
    this.all = [clientOf(first), ...rest.map(clientOf)];
  }

  onApplicationShutdown(): void {
    for (const client of this.all) client.close();
  }
}
