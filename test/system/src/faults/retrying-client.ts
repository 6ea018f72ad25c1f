import { ClientError, fetchEnclaveKey, type EnclaveKey, type TrustPolicy } from '@communique-tee/client';
import { PROBLEMS, isProblemCode } from '@communique-tee/protocol';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long the client uses an enclave's key before it requests the key again. */
const KEY_MS = 500;
const MAX_PAUSE_MS = 1000;

export interface ClientOptions {
  readonly gateways: readonly string[];
  readonly policy: TrustPolicy;
  /** The time (by performance.now) after which the client gives up. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export interface Answered<T> {
  readonly answer?: T;
  /** null if there is an answer; otherwise a problem code, an error code, or `no_answer_in_time`. */
  readonly givenUp: string | null;
}

/** A client that asks one gateway after the other until one answers. */
export class RetryingClient {
  private key: { readonly key: EnclaveKey; readonly atMs: number } | undefined;
  /** The running request for a key, which concurrent callers share. */
  private asked: Promise<EnclaveKey | null> | undefined;
  private turn = 0;

  constructor(private readonly options: ClientOptions) {}

  /** @returns the enclave's key, or null if the client got none before the deadline */
  enclaveKey(): Promise<EnclaveKey | null> {
    if (this.key !== undefined && performance.now() - this.key.atMs < KEY_MS) return Promise.resolve(this.key.key);
    this.asked ??= this.askForKey().finally(() => {
      this.asked = undefined;
    });
    return this.asked;
  }

  private async askForKey(): Promise<EnclaveKey | null> {
    const { answer } = await this.untilAnswered((gateway) => fetchEnclaveKey(gateway, this.options.policy));
    if (answer === undefined) return null;
    this.key = { key: answer, atMs: performance.now() };
    return answer;
  }

  /**
   * Repeats `ask` until a gateway gives an answer that will not change, or until the deadline.
   * @throws an error of `ask` that is neither a ClientError nor an error of the connection
   */
  async untilAnswered<T>(ask: (gateway: string) => Promise<T>): Promise<Answered<T>> {
    const { gateways, deadlineMs, signal } = this.options;
    for (let pauseMs = 50; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
      const gateway = gateways[this.turn++ % gateways.length] ?? '';
      try {
        return { answer: await ask(gateway), givenUp: null };
      } catch (error) {
        const code = finalCodeOf(error);
        if (code !== null) return { givenUp: code };
        if (performance.now() > deadlineMs || signal.aborted) return { givenUp: 'no_answer_in_time' };
      }
      await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Returns the code of an answer that will not change; null if another attempt makes sense. */
function finalCodeOf(error: unknown): string | null {
  // fetch failed: the connection was refused, cut, or too slow
  if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError')) return null;
  if (!(error instanceof ClientError)) throw error;
  if (isProblemCode(error.problem))
    return PROBLEMS[error.problem].status >= 500 || error.problem === 'rate_limited' ? null : error.problem;
  return error.code;
}
