/** No turn within the time given: too many wait already. */
export class PaceFull extends Error {
  override readonly name = 'PaceFull';
  constructor(readonly retryAfterSeconds: number) {
    super('too many deliveries wait for their turn');
  }
}

/**
 * Spaces the starts of deliveries to one chamber. The line of those who wait is bounded by time: whoever would have to wait
 * longer than `maxWaitMs` is sent away at once. Measured by the monotonic clock.
 */
export class Pace {
  private nextFreeMs = 0;

  constructor(
    private readonly minIntervalMs: number,
    private readonly maxWaitMs: number,
  ) {}

  /** Resolves when it is the caller's turn. @throws PaceFull, or the signal's reason */
  async turn(signal?: AbortSignal): Promise<void> {
    const now = performance.now();
    const waitMs = Math.max(0, this.nextFreeMs - now);
    if (waitMs > this.maxWaitMs) throw new PaceFull(Math.ceil(waitMs / 1000));
    signal?.throwIfAborted();
    this.nextFreeMs = now + waitMs + this.minIntervalMs;
    if (waitMs > 0) await sleep(waitMs, signal);
  }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
