import type { AttestState } from './api';
import { asClientError } from './as-client-error';
import type { ClientError } from './errors';
import { fetchEnclaveKey, isSameKey, type EnclaveKey } from './enclave-key';
import type { CheckedPolicy } from './policy';
import { unlessAborted, withRetries } from './retry';

const BUDGET_MS = 30_000;
const MAX_ATTEMPTS = 6;

interface AttestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onState: (state: AttestState) => void;
}

interface Cached {
  readonly key: EnclaveKey;
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * The verified key of one gateway's enclave. Attested again when its certificates or `maxKeyAgeMs` end, or when a caller learned that the
 * enclave no longer has it.
 */
export class AttestedKeys {
  private cached: Cached | undefined;
  private asking: Promise<EnclaveKey> | undefined;
  /** Callers who wait for `asking`: one request serves all of them. */
  private readonly listeners = new Set<AttestOptions['onState']>();

  constructor(
    private readonly gateway: URL,
    private readonly policy: CheckedPolicy,
  ) {}

  /** Reports `attesting`, every wait, and `attested`. @throws ClientError */
  async attest({ signal, onState }: AttestOptions): Promise<EnclaveKey> {
    onState({ step: 'attesting' });
    this.listeners.add(onState);
    try {
      const key = await unlessAborted(this.current(), signal);
      onState({ step: 'attested', key });
      return key;
    } finally {
      this.listeners.delete(onState);
    }
  }

  /** The enclave no longer has this key. Another one that was attested in the meantime stays. */
  forget(key: Pick<EnclaveKey, 'keyId'>): void {
    if (this.cached !== undefined && isSameKey(this.cached.key, key)) this.cached = undefined;
  }

  private current(): Promise<EnclaveKey> {
    const nowMs = Date.now();
    const { cached } = this;
    // A clock that was set back makes no key younger.
    if (cached !== undefined && nowMs >= cached.fromMs && nowMs < cached.untilMs) return Promise.resolve(cached.key);
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  private async ask(): Promise<EnclaveKey> {
    try {
      const key = await withRetries(() => fetchEnclaveKey(this.gateway, this.policy.trust), {
        budgetMs: BUDGET_MS,
        maxAttempts: MAX_ATTEMPTS,
        onWait: (waitMs, error) => {
          this.reportWait(waitMs, error);
        },
      });
      const fromMs = Date.now();
      // Without its configuration a key answers fewer questions: the next caller asks for it again.
      const maxAgeMs = key.configuration === undefined ? 0 : this.policy.maxKeyAgeMs;
      const untilMs = Math.min(fromMs + maxAgeMs, ...key.attestation.certificates.map(({ notAfterMs }) => notAfterMs));
      this.cached = { key, fromMs, untilMs };
      return key;
    } catch (error) {
      throw asClientError(error);
    }
  }

  private reportWait(waitMs: number, { problem, code }: ClientError): void {
    const because = problem ?? code;
    for (const listener of this.listeners) listener({ step: 'waiting', during: 'attesting', waitMs, because });
  }
}
