import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { EnclaveClients } from '../enclave/enclave-clients';
import { Logger } from '../../core/telemetry/logger';
import { AttestationJudge, type KeyId } from './attestation-judge';
import { EnclaveMonitor, type MonitorState } from './enclave-monitor';

export type { MonitorState } from './enclave-monitor';

/** The public view of one enclave, without its address. */
export interface EnclaveView {
  /** The enclave's place in the configuration, from 0. */
  readonly index: number;
  /** Whether the enclave answered the last check. */
  readonly up: boolean;
  readonly trusted: boolean;
  /** Hex of the attested key id; null if the enclave is not trusted or verification is switched off. */
  readonly keyId: KeyId | null;
}

/** Watches every configured enclave, each with its own monitor. */
@Injectable()
export class AttestationMonitor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly enclaves: readonly [EnclaveMonitor, ...EnclaveMonitor[]];

  constructor(clients: EnclaveClients, judge: AttestationJudge, logger: Logger) {
    const [first, ...rest] = clients.all;
    this.enclaves = [
      new EnclaveMonitor(0, first, judge, logger),
      ...rest.map((client, at) => new EnclaveMonitor(at + 1, client, judge, logger)),
    ];
  }

  onApplicationBootstrap(): void {
    for (const enclave of this.enclaves) enclave.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.enclaves.map((enclave) => enclave.stop()));
  }

  /** The state of the first trusted enclave; if none is trusted, of the first configured one. */
  state(): MonitorState {
    return (this.trusted()[0] ?? this.enclaves[0]).state();
  }

  /** Whether any enclave may be given messages now. */
  isTrusted(): boolean {
    return this.trusted().length > 0;
  }

  trusted(): EnclaveMonitor[] {
    return this.enclaves.filter((enclave) => enclave.isTrusted());
  }

  views(): EnclaveView[] {
    return this.enclaves.map((enclave) => ({
      index: enclave.index,
      up: enclave.isUp(),
      trusted: enclave.isTrusted(),
      keyId: enclave.keyId(),
    }));
  }

  async checkNow(): Promise<void> {
    await Promise.all(this.enclaves.map((enclave) => enclave.checkNow()));
  }

  /** Calls `listener` when an enclave becomes trusted, and when an enclave holds other keys than before. */
  onTrusted(listener: () => void): void {
    for (const enclave of this.enclaves) enclave.onTrusted(listener);
  }
}
