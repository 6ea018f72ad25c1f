/** So many deliveries wait that this one would not get a slot within the longest wait. */
export class PaceFull extends Error {
  override readonly name = 'PaceFull';
  constructor() {
    super('too many deliveries wait for a slot');
  }
}

export interface PaceLimits {
  /** Length of a slot. With 0 there are no slots, and every delivery starts at once. */
  readonly minIntervalMs: number;
  /** The longest wait for a slot. */
  readonly maxWaitMs: number;
}

interface Waiter {
  readonly start: () => void;
}

/**
 * Spaces the deliveries to one chamber. It divides the monotonic time of this process into slots of equal length, and starts one delivery
 * at the beginning of each slot, first come first served. So the parent cannot tell how long the enclave worked on the message before.
 * Start times and refusals depend on the number of deliveries and their arrival, which the parent knows, but not on the offices.
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
   * Starts the next delivery. If the process was paused, the slots that passed are lost: the waiting deliveries start one by one in the
   * following slots.
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
