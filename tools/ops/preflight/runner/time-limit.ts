import type { Ports } from '../ports';

/** The limit has passed: what was asked is slow, or this machine is. Neither proves anything about what was to be checked. */
export class TookTooLong extends Error {
  constructor(readonly limitMs: number) {
    super(`did not answer within ${String(limitMs / 1000)} s; not checked`);
    this.name = 'TookTooLong';
  }
}

/**
 * Ends the wait, whether or not the work heeds its signal.
 * @throws TookTooLong, and whatever the work throws
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
      reject(new TookTooLong(limitMs));
      controller.abort();
    });
  });
  try {
    return await Promise.race([work(controller.signal), limit]);
  } finally {
    cancel?.();
  }
}
