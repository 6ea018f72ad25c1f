import { keyIdOf } from '@communique-tee/crypto';
import { legacyPublicKeyView, type LegacyPublicKeyView } from '@communique-tee/protocol';
import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { AttestationMonitor } from '../attestation/attestation-monitor';
import { ProblemError } from '../../core/problems/problem-error';

const RETRY_AFTER_SECONDS = 5;

/**
 * The suite of the web client (legacy). It is open while an enclave attests a key for it; the enclave's measured configuration
 * decides that. It is closed if every message needs a proof of residence.
 */
@Injectable()
export class LegacySuite {
  private turns = 0;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'residence'>,
    private readonly monitor: AttestationMonitor,
  ) {}

  /**
   * The key to which a client may seal. The trusted enclaves take turns. Null if none attests a key, or every message needs a proof of
   * residence.
   */
  key(): LegacyPublicKeyView | null {
    if (this.config.residence.mode === 'required') return null;
    const keys = this.monitor.trusted().flatMap((enclave) => enclave.legacyKey() ?? []);
    const key = keys[this.turns++ % Math.max(1, keys.length)];
    return key === undefined ? null : legacyPublicKeyView(keyIdOf(key), key);
  }

  /**
   * Throws unless the gateway takes messages of this suite. A short outage of all enclaves does not close the suite, just as it does not
   * stop the gateway from accepting other messages.
   * @throws ProblemError `suite_unsupported`; `enclave_unavailable` if no enclave has been verified, or all were refused afterwards
   */
  assertOpen(): void {
    const attested = this.monitor.enclaves.map((enclave) => enclave.legacyKey());
    if (attested.some((key) => key instanceof Uint8Array)) return;
    const isKnown = attested.some((key) => key === null) || !this.monitor.enclaves.some(({ verifies }) => verifies);
    throw isKnown
      ? new ProblemError('suite_unsupported')
      : new ProblemError('enclave_unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
}
