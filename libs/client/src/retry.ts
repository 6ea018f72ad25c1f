import { asClientError } from './as-client-error';
import { ClientError } from './errors';

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;
/** HTTP statuses after which a retry may succeed: the request came too slowly or too often, or the server failed. */
const LATER = new Set([408, 425, 429, 500, 502, 503, 504]);

export interface RetryOptions {
  /** Time from the start of the first attempt to the latest start of another. If the next pause would end later, the last error is thrown. */
  readonly budgetMs: number;
  readonly maxAttempts: number;
  readonly signal?: AbortSignal | undefined;
  readonly onWait?: ((waitMs: number, error: ClientError) => void) | undefined;
}

/**
 * Calls `ask`, and calls it again after network errors and the statuses in `LATER`. The pauses grow to ten seconds, and Retry-After is added
 * to them.
 * @throws the last error of `ask`, as a ClientError if its origin is known; ClientError `aborted`
 */
export async function withRetries<T>(
  ask: (attempt: number) => Promise<T>,
  { budgetMs, maxAttempts, signal, onWait }: RetryOptions,
): Promise<T> {
  const deadlineMs = Date.now() + budgetMs;
  for (let attempt = 1; ; attempt++) {
    try {
      throwIfAborted(signal);
      return await ask(attempt);
    } catch (thrown) {
      const error = asClientError(thrown, signal);
      if (!(error instanceof ClientError) || !isPassing(error) || attempt >= maxAttempts) throw error;
      const waitMs = pauseMs(attempt, error.retryAfterSeconds);
      if (Date.now() + waitMs > deadlineMs) throw error;
      onWait?.(waitMs, error);
      await pause(waitMs, signal);
    }
  }
}

export function isPassing({ code, status }: ClientError): boolean {
  return code === 'unreachable' || (code === 'refused' && status !== undefined && LATER.has(status));
}

/** Returns at least Retry-After, in milliseconds. Clients that were refused together get different pauses. */
export function pauseMs(attempt: number, retryAfterSeconds = 0): number {
  const growing = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
  return Math.ceil(retryAfterSeconds * 1000 + growing * (0.5 + Math.random() / 2));
}

/** @throws ClientError `aborted` */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  await new Promise<void>((resolve) => {
    const over = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    signal?.addEventListener('abort', over);
  });
  throwIfAborted(signal);
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new ClientError('aborted', 'the caller aborted', { cause: signal.reason });
}

/**
 * Waits for `work` until the signal aborts. `work` itself continues, because other callers may wait for it.
 * @throws ClientError `aborted`
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  // Without a handler, a failure of `work` after an abort would be reported as unhandled.
  work.catch(() => undefined);
  throwIfAborted(signal);
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(new ClientError('aborted', 'the caller aborted', { cause: signal.reason }));
    };
    signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
