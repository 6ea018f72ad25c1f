import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { checkVsock, parseAddress } from '@communique-tee/vsock';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { EnclaveClient } from './enclave-client';
import { EnclaveMetrics } from './enclave-metrics';

/** A client for each configured enclave, in the order of the configuration. An enclave is identified by its place in that order. */
@Injectable()
export class EnclaveClients implements OnModuleInit, OnApplicationShutdown {
  readonly all: readonly [EnclaveClient, ...EnclaveClient[]];

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'enclave'>,
    metrics: EnclaveMetrics,
  ) {
    const { enclave } = config;
    const clientOf = (address: string) => new EnclaveClient({ address, timeoutMs: enclave.timeoutMs }, metrics);
    const [first, ...rest] = enclave.addresses;
    this.all = [clientOf(first), ...rest.map(clientOf)];
  }

  /**
   * @throws SocketError ERR_VSOCK_UNAVAILABLE: the gateway does not start if an enclave has a vsock address and this Node cannot use vsock
   */
  async onModuleInit(): Promise<void> {
    await checkVsock(this.config.enclave.addresses.map(parseAddress));
  }

  onApplicationShutdown(): void {
    for (const client of this.all) client.close();
  }
}
