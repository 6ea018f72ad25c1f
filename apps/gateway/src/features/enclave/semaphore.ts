type Outcome = 'acquired' | 'ETIMEDOUT' | 'ABORT_ERR';

/**
 * Limits how many requests run at once; the others wait in order. Node's Agent has such a limit too, but it counts connections only when
 * they are made, so simultaneous requests would each open one.
 */
export class Semaphore {
  private readonly waiting = new Set<() => void>();

  constructor(private free: number) {}

  /** Waits to be admitted. Call `release` after the outcome `acquired`, and only then. */
  acquire(timeoutMs: number, signal?: AbortSignal): Promise<Outcome> {
    if (signal?.aborted) return Promise.resolve('ABORT_ERR');
    if (this.free > 0) {
      this.free--;
      return Promise.resolve('acquired');
    }
    return new Promise((resolve) => {
      const end = (outcome: Outcome) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.waiting.delete(proceed);
        resolve(outcome);
      };
      const proceed = () => {
        end('acquired');
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

  release(): void {
    const [next] = this.waiting;
    if (next === undefined) this.free++;
    else next();
  }
}
