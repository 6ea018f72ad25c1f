/** No turn within the time given: too many wait already. */
export class PaceFull extends Error {
  override readonly name = 'PaceFull';
  constructor(readonly retryAfterSeconds: number) {
    super('too many deliveries wait for their turn');
  }
}

export interface PaceLimits {
  /** Between the starts of two deliveries to the chamber; 0: none. */
  readonly minIntervalMs: number;
  /** Between the starts of two deliveries to the same office; 0: none. */
  readonly officeMinIntervalMs: number;
  /** Nobody waits longer; whoever would is sent away at once. */
  readonly maxWaitMs: number;
}

/** Each who waits keeps one of the enclave's places for open messages: a busy office's line must not take them all. */
const MAX_WAITING_PER_OFFICE = 4;

interface Waiter {
  readonly office: string;
  readonly sinceMs: number;
  /** When its office should be free for it, as it looked when it came. */
  readonly officeFreeMs: number;
  readonly start: () => void;
  readonly sendAway: (reason: Error) => void;
}

/**
 * Spaces the starts of deliveries to one chamber and to each of its offices. Whenever the chamber is free, the longest waiting of those
 * whose office is free too goes: who waits for a busy office holds up nobody else's, and nobody is overtaken for ever. Measured by the
 * monotonic clock, in this process alone.
 */
export class Pace {
  private nextFreeMs = 0;
  /** Of offices that are not free yet; the others are forgotten. */
  private readonly officeFreeMs = new Map<string, number>();
  /** In the order of their coming. */
  private readonly waiting = new Set<Waiter>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly limits: PaceLimits) {}

  /** Offices that are remembered now. */
  get rememberedOffices(): number {
    return this.officeFreeMs.size;
  }

  /** Resolves when it is the caller's turn. @throws PaceFull, or the signal's reason */
  async turn(office: string, signal?: AbortSignal): Promise<void> {
    const now = performance.now();
    const ahead = this.waitingFor(office);
    const officeFreeMs = Math.max(now, this.officeFreeMs.get(office) ?? 0) + ahead * this.limits.officeMinIntervalMs;
    const waitMs = this.expectedStartMs(officeFreeMs, now) - now;
    const lineIsFull = this.limits.officeMinIntervalMs > 0 && ahead >= MAX_WAITING_PER_OFFICE;
    if (lineIsFull || waitMs > this.limits.maxWaitMs) throw this.full(waitMs);
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.waiting.delete(waiter);
        signal?.removeEventListener('abort', giveUp);
      };
      const giveUp = (): void => {
        leave();
        reject(signal?.reason as Error);
        this.dispatch();
      };
      const waiter: Waiter = {
        office,
        sinceMs: now,
        officeFreeMs,
        start: () => {
          leave();
          resolve();
        },
        sendAway: (reason) => {
          leave();
          reject(reason);
        },
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.waiting.add(waiter);
      this.dispatch();
    });
  }

  private dispatch(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const now = performance.now();
    for (const [office, freeMs] of this.officeFreeMs) if (freeMs <= now) this.officeFreeMs.delete(office);
    for (const waiter of this.waiting) {
      if (this.nextFreeMs > now) break;
      if (this.officeFreeMs.has(waiter.office)) continue;
      this.nextFreeMs = now + this.limits.minIntervalMs;
      if (this.limits.officeMinIntervalMs > 0)
        this.officeFreeMs.set(waiter.office, now + this.limits.officeMinIntervalMs);
      waiter.start();
    }
    // Others came between, or this process stood still: what looked short enough has become too long.
    for (const waiter of this.waiting) {
      if (waiter.sinceMs + this.limits.maxWaitMs > now) break;
      waiter.sendAway(this.full(Math.max(this.nextFreeMs, this.officeFreeMs.get(waiter.office) ?? 0) - now));
    }
    this.schedule(now);
  }

  private schedule(now: number): void {
    const [longest] = this.waiting;
    if (longest === undefined) return;
    let atMs = Infinity;
    for (const { office } of this.waiting)
      atMs = Math.min(atMs, Math.max(this.nextFreeMs, this.officeFreeMs.get(office) ?? 0));
    atMs = Math.min(atMs, longest.sinceMs + this.limits.maxWaitMs);
    this.timer = setTimeout(
      () => {
        this.dispatch();
      },
      Math.max(0, Math.ceil(atMs - now)),
    );
  }

  private waitingFor(office: string): number {
    let count = 0;
    for (const waiter of this.waiting) if (waiter.office === office) count++;
    return count;
  }

  /** As if nobody else came: those who wait go as their offices become free, each taking the chamber for one interval. */
  private expectedStartMs(officeFreeMs: number, now: number): number {
    let freeMs = Math.max(now, this.nextFreeMs);
    for (const waiter of [...this.waiting].sort((a, b) => a.officeFreeMs - b.officeFreeMs)) {
      if (waiter.officeFreeMs > Math.max(freeMs, officeFreeMs)) break;
      freeMs = Math.max(freeMs, waiter.officeFreeMs) + this.limits.minIntervalMs;
    }
    return Math.max(freeMs, officeFreeMs);
  }

  private full(waitMs: number): PaceFull {
    return new PaceFull(Math.max(1, Math.ceil(waitMs / 1000)));
  }
}
