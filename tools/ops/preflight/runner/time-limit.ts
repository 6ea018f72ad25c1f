/** The limit has passed. */
export class TookTooLong extends Error {
  constructor(readonly limitMs: number) {
    super('took too long');
    this.name = 'TookTooLong';
  }
}

/**
 * Ends the wait, whether or not the work heeds its signal.
 * @throws TookTooLong, and whatever the work throws
 */
export async function within<T>(limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new TookTooLong(limitMs));
      controller.abort();
    }, limitMs);
  });
  try {
    return await Promise.race([work(controller.signal), limit]);
  } finally {
    clearTimeout(timer);
  }
}
