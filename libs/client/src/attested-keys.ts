import { asClientError } from './as-client-error';
import { fetchEnclaveKey, isSameKey, type EnclaveKey } from './enclave-key';
import type { CheckedPolicy } from './policy';
import { unlessAborted, withRetries } from './retry';

const BUDGET_MS = 30_000;
const MAX_ATTEMPTS = 6;

interface Cached {
  readonly key: EnclaveKey;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The verified key of one gateway's enclave, attested anew when its certificates or `maxKeyAgeMs` end, or when it is known to be gone. */
export class AttestedKeys {
  private cached: Cached | undefined;
  private asking: Promise<EnclaveKey> | undefined;

  constructor(
    private readonly gateway: URL,
    private readonly policy: CheckedPolicy,
  ) {}

  /** @throws ClientError */
  current(signal?: AbortSignal): Promise<EnclaveKey> {
    const nowMs = Date.now();
    const { cached } = this;
    // A clock that was set back makes nothing younger
    if (cached !== undefined && nowMs >= cached.fromMs && nowMs < cached.untilMs)
      return unlessAborted(Promise.resolve(cached.key), signal);
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined;
    });
    return unlessAborted(this.asking, signal);
  }

  /** The enclave holds it no longer. Where another was attested meanwhile, that one stays. */
  forget(key: Pick<EnclaveKey, 'keyId'>): void {
    if (this.cached !== undefined && isSameKey(this.cached.key, key)) this.cached = undefined;
  }

  private async ask(): Promise<EnclaveKey> {
    try {
      const key = await withRetries(() => fetchEnclaveKey(this.gateway, this.policy.trust), {
        budgetMs: BUDGET_MS,
        maxAttempts: MAX_ATTEMPTS,
      });
      const fromMs = Date.now();
      // Without its configuration it answers fewer questions: the next caller asks for it again
      const maxAgeMs = key.configuration === undefined ? 0 : this.policy.maxKeyAgeMs;
      const untilMs = Math.min(fromMs + maxAgeMs, ...key.attestation.certificates.map(({ notAfterMs }) => notAfterMs));
      this.cached = { key, fromMs, untilMs };
      return key;
    } catch (error) {
      throw asClientError(error);
    }
  }
}
