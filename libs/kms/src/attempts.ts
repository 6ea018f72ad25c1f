import { setTimeout as delay } from 'node:timers/promises';
import { KmsError } from './errors';

/** One HTTPS request to KMS. TLS ends in the enclave. */
export interface KmsRequest {
  /** The configured origin: `https://kms.us-east-1.amazonaws.com`. */
  origin: string;
  method: 'POST';
  path: '/';
  /** Names in lower case, with `host`. They are signed, so the transport must send them unchanged. The transport adds `content-length`. */
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
  /** For the whole exchange. */
  timeoutMs: number;
  /** Aborts when the time is over or the caller aborts. */
  signal: AbortSignal;
  /** The transport may stop reading after this many bytes, because longer bodies are refused. */
  maxAnswerBytes: number;
}

export interface KmsHttpAnswer {
  status: number;
  /** Names in lower case, as Node gives them. Only `x-amzn-errortype` is read. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Uint8Array;
}

/**
 * Sends one request and follows no redirect. Rejects if there is no complete answer. The KMS client then throws `kms_timeout` if the try's
 * time is over, and otherwise `kms_unreachable`, with the rejection as the cause.
 */
export type KmsTransport = (request: KmsRequest) => Promise<KmsHttpAnswer>;

export interface Attempts {
  /** The limit for one try, to the last byte of the answer. */
  timeoutMs: number;
  /** The limit for all tries and the pauses between them. No try begins after it. */
  deadlineMs: number;
  monotonicMs: () => number;
  sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Returns a number from 0 to below 1. */
  random: () => number;
}

export const DEFAULT_ATTEMPTS: Attempts = {
  timeoutMs: 5_000,
  deadlineMs: 20_000,
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
  random: Math.random,
};

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Tries until KMS answers, KMS refuses permanently, or the time is over. Pauses double from 0.2 to 5 s. Half of each pause is random, so
 * that enclaves that lost KMS together do not retry together.
 * @throws KmsError of the last try that did not time out; `kms_timeout` if all tries timed out; the signal's reason if the caller aborted
 */
export async function attempted<Answer>(
  attempt: (timeoutMs: number) => Promise<Answer>,
  attempts: Attempts,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const begun = attempts.monotonicMs();
  let told: KmsError | undefined;
  const leftMs = (): number => begun + attempts.deadlineMs - attempts.monotonicMs();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    signal?.throwIfAborted();
    try {
      return await attempt(Math.max(1, Math.ceil(Math.min(attempts.timeoutMs, leftMs()))));
    } catch (error) {
      signal?.throwIfAborted();
      const waitMs = Math.ceil((pauseMs / 2) * (1 + attempts.random()));
      if (!(error instanceof KmsError) || !error.retryable) throw error;
      if (told === undefined || error.code !== 'kms_timeout') told = error;
      if (waitMs >= leftMs()) throw told;
      await attempts.sleep(waitMs, signal).catch((cause: unknown) => {
        signal?.throwIfAborted();
        throw cause;
      });
    }
  }
}
