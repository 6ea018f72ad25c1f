type Outcome = 'taken' | 'ETIMEDOUT' | 'ABORT_ERR';

/**
 * How many requests may be under way at once; the others wait in their order. Node's Agent has such a limit too, but counts a
 * connection only once it is made: of requests that come together each would open one.
 */
export class Turns {
  private readonly waiting = new Set<() => void>();

  constructor(private free: number) {}

  /** After `taken`, and only then, `give` must follow. */
  take(timeoutMs: number, signal?: AbortSignal): Promise<Outcome> {
    if (signal?.aborted) return Promise.resolve('ABORT_ERR');
    if (this.free > 0) {
      this.free--;
      return Promise.resolve('taken');
    }
    return new Promise((resolve) => {
      const end = (outcome: Outcome) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.waiting.delete(proceed);
        resolve(outcome);
      };
      const proceed = () => {
        end('taken');
      };
      const onAbort = () => {
        end('ABORT_ERR');
      };
      const timer = setTimeout(() => {
        end('ETIMEDOUT');
      }, timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiting.add(proceed);
    });
  }

  give(): void {
    const [next] = this.waiting;
    if (next === undefined) this.free++;
    else next();
  }
}
