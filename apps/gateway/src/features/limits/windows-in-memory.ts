import type { Counted } from '../../core/redis/decision-script';

/** The most keys kept. A further key drops the oldest window, so that clients cannot exhaust the memory. */
const MAX_KEYS = 100_000;

/** The clock in whole milliseconds. With fractions `(now + window) - now` can be more than the window. */
export const wholeMs = (): number => Math.floor(performance.now());

/** Fixed windows of one length, counted only in this process. A window lasts from a key's first request until `windowMs` later. */
export class WindowsInMemory {
  /** All windows are equally long, so the order of insertion is the order in which they end. */
  private readonly windows = new Map<string, { count: number; readonly endsAtMs: number }>();

  constructor(
    private readonly windowMs: number,
    private readonly maxKeys = MAX_KEYS,
  ) {}

  count(key: string): Counted {
    const nowMs = wholeMs();
    let window = this.at(key, nowMs);
    if (window === undefined) {
      this.makeRoom(nowMs);
      window = { count: 0, endsAtMs: nowMs + this.windowMs };
      this.windows.set(key, window);
    }
    window.count++;
    return { count: window.count, leftMs: window.endsAtMs - nowMs };
  }

  /** Returns the window of a key without counting a request. */
  peek(key: string): Counted | undefined {
    const nowMs = wholeMs();
    const window = this.at(key, nowMs);
    return window === undefined ? undefined : { count: window.count, leftMs: window.endsAtMs - nowMs };
  }

  private at(key: string, nowMs: number) {
    const window = this.windows.get(key);
    if (window === undefined || window.endsAtMs > nowMs) return window;
    this.windows.delete(key);
    return undefined;
  }

  private makeRoom(nowMs: number): void {
    for (const [key, { endsAtMs }] of this.windows) {
      if (endsAtMs > nowMs && this.windows.size < this.maxKeys) return;
      this.windows.delete(key);
    }
  }
}
