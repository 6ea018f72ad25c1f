/** No slot comes within the longest wait, because too many deliveries to the chamber wait already. */
export class PaceFull extends Error {
  override readonly name = 'PaceFull';
  constructor() {
    super('too many deliveries wait for a slot');
  }
}

export interface PaceLimits {
  /** Length of a slot. With 0 every delivery starts at once. */
  readonly minIntervalMs: number;
  /** The longest wait for a slot. A delivery that would wait longer is refused at once. */
  readonly maxWaitMs: number;
}

interface Waiter {
  readonly start: () => void;
}

/**
 * The pace of one chamber: slots of equal length, one delivery in each, first come first served, by the monotonic clock of this process. A
 * delivery starts when its slot starts, so the parent cannot tell how long the enclave worked on the message before. Start times and
 * refusals depend only on how many deliveries came and when, which the parent knows, and not on the offices.
 */
export class Pace {
  private readonly waiting = new Set<Waiter>();
  /** The first slot that is not taken. Slot n starts at n times the interval. */
  private freeSlot = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly limits: PaceLimits) {}

  /** Resolves when the delivery's slot starts. @throws PaceFull, or the signal's reason */
  async turn(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { minIntervalMs, maxWaitMs } = this.limits;
    if (minIntervalMs === 0) return;
    const now = performance.now();
    if (this.waiting.size === 0) this.freeSlot = Math.max(this.freeSlot, Math.ceil(now / minIntervalMs));
    if (this.startMs(this.freeSlot + this.waiting.size) - now > maxWaitMs) throw new PaceFull();
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.waiting.delete(waiter);
        signal?.removeEventListener('abort', giveUp);
      };
      const giveUp = (): void => {
        leave();
        reject(signal?.reason as Error);
      };
      const waiter: Waiter = {
        start: () => {
          leave();
          resolve();
        },
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.waiting.add(waiter);
      this.schedule();
    });
  }

  private startMs(slot: number): number {
    return slot * this.limits.minIntervalMs;
  }

  private schedule(): void {
    const leftMs = this.startMs(this.freeSlot) - performance.now();
    this.timer ??= setTimeout(() => this.dispatch(), Math.max(0, Math.ceil(leftMs)));
  }

  /**
   * Starts the next delivery. Slots that passed while the process was paused are lost. The deliveries that missed them start one by one in
   * the following slots.
   */
  private dispatch(): void {
    this.timer = undefined;
    const [first] = this.waiting;
    if (first === undefined) return;
    const now = performance.now();
    if (now >= this.startMs(this.freeSlot)) {
      this.freeSlot = Math.floor(now / this.limits.minIntervalMs) + 1;
      first.start();
    }
    if (this.waiting.size > 0) this.schedule();
  }
}
