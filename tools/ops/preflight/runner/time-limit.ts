import type { Ports } from '../ports';

/** The time limit has passed: the server or this machine is slow. That proves nothing about the checked property. */
export class TimeLimitError extends Error {
  constructor(readonly limitMs: number) {
    super(`did not answer within ${String(limitMs / 1000)} s; not checked`);
    this.name = 'TimeLimitError';
  }
}

/**
 * Waits for the work until the time limit, and then stops waiting even if the work ignores its signal.
 * @throws TimeLimitError, and what the work throws
 */
export async function within<T>(
  limitMs: number,
  startTimer: Ports['startTimer'],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let cancel: (() => void) | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    cancel = startTimer(limitMs, () => {
      reject(new TimeLimitError(limitMs));
      controller.abort();
    });
  });
  try {
    return await Promise.race([work(controller.signal), limit]);
  } finally {
    cancel?.();
  }
}
