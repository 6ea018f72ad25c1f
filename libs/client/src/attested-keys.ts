import type { AttestState } from './api';
import { asClientError } from './as-client-error';
import type { ClientError } from './errors';
import { fetchEnclaveKey, isSameKey, type EnclaveKey } from './enclave-key';
import type { CheckedPolicy } from './policy';
import { throwIfAborted, unlessAborted, withRetries } from './retry';

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
 * Keeps the verified key of one gateway's enclave. It attests again when a certificate expires, when the key is older than `maxKeyAgeMs`,
 * or when a caller reports that the enclave no longer has the key.
 */
export class AttestedKeys {
  private cached: Cached | undefined;
  private asking: Promise<EnclaveKey> | undefined;
  /** Callers that wait for `asking`. One request serves all of them, and is abandoned when the last caller aborts. */
  private readonly callers = new Set<AttestOptions>();
  private abandoned = new AbortController();
  /**
   * How many milliseconds the enclave's clock was ahead of ours when the document arrived. The value is too small by the time that the
   * document traveled.
   */
  private readonly clocks = new WeakMap<EnclaveKey, number>();

  constructor(
    private readonly gateway: URL,
    private readonly policy: CheckedPolicy,
  ) {}

  /** Returns the key, and attests it first if necessary. Reports `attesting`, every wait, and `attested`. @throws ClientError */
  async attest(caller: AttestOptions): Promise<EnclaveKey> {
    const { signal, onState } = caller;
    onState({ step: 'attesting' });
    throwIfAborted(signal);
    this.callers.add(caller);
    try {
      const key = await unlessAborted(this.current(), signal);
      onState({ step: 'attested', key });
      return key;
    } finally {
      this.callers.delete(caller);
      if (this.callers.size === 0 && this.asking !== undefined) this.abandon();
    }
  }

  /** Call this when the enclave no longer has the key. If the client has attested another key, it keeps that one. */
  forget(key: Pick<EnclaveKey, 'keyId'>): void {
    if (this.cached !== undefined && isSameKey(this.cached.key, key)) this.cached = undefined;
  }

  /** Returns Unix seconds by the clock of the enclave that attested this key. By this clock the enclave checks expiry and notes. */
  nowSeconds(key: EnclaveKey): number {
    return Math.floor((Date.now() + (this.clocks.get(key) ?? 0)) / 1000);
  }

  private current(): Promise<EnclaveKey> {
    const nowMs = Date.now();
    const { cached } = this;
    // With the lower bound, a clock that was set back does not make a key younger.
    if (cached !== undefined && nowMs >= cached.fromMs && nowMs < cached.untilMs) return Promise.resolve(cached.key);
    this.asking ??= this.ask(this.abandoned.signal);
    return this.asking;
  }

  private abandon(): void {
    this.asking = undefined;
    this.abandoned.abort();
    this.abandoned = new AbortController();
  }

  private async ask(signal: AbortSignal): Promise<EnclaveKey> {
    try {
      const key = await withRetries(() => fetchEnclaveKey(this.gateway, this.policy.trust, signal), {
        budgetMs: BUDGET_MS,
        maxAttempts: MAX_ATTEMPTS,
        signal,
        onWait: (waitMs, error) => {
          this.reportWait(waitMs, error);
        },
      });
      const fromMs = Date.now();
      // A key without its configuration is not kept: the next caller asks again.
      const maxAgeMs = key.configuration === undefined ? 0 : this.policy.maxKeyAgeMs;
      const untilMs = Math.min(fromMs + maxAgeMs, ...key.attestation.certificates.map(({ notAfterMs }) => notAfterMs));
      this.cached = { key, fromMs, untilMs };
      this.clocks.set(key, key.attestation.timestampMs - fromMs);
      return key;
    } catch (error) {
      throw asClientError(error);
    } finally {
      if (!signal.aborted) this.asking = undefined;
    }
  }

  private reportWait(waitMs: number, { problem, code }: ClientError): void {
    const because = problem ?? code;
    for (const { onState } of this.callers) onState({ step: 'waiting', during: 'attesting', waitMs, because });
  }
}
