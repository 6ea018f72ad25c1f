const MINUTE_MS = 60_000;
const MAX_PER_MINUTE = 30;
/** The most kinds of errors that are remembered. One more replaces the kind that was stored longest ago. */
const MAX_KINDS = 256;

interface Kind {
  sentAtMs: number;
  suppressed: number;
}

/** Allows one report a minute of each kind of error, and thirty a minute in total. */
export class ReportBudget {
  private readonly kinds = new Map<string, Kind>();
  private minuteStartMs = -Infinity;
  private inMinute = 0;

  get size(): number {
    return this.kinds.size;
  }

  /** @returns how many reports of this kind were held back since the last one was sent, or null if this one is held back too */
  take(kind: string, nowMs: number): number | null {
    const known = this.kinds.get(kind);
    if (nowMs - this.minuteStartMs >= MINUTE_MS) {
      this.minuteStartMs = nowMs;
      this.inMinute = 0;
    }
    if ((known !== undefined && nowMs - known.sentAtMs < MINUTE_MS) || this.inMinute >= MAX_PER_MINUTE) {
      if (known === undefined) this.remember(kind, { sentAtMs: -Infinity, suppressed: 1 });
      else known.suppressed++;
      return null;
    }
    this.inMinute++;
    this.remember(kind, { sentAtMs: nowMs, suppressed: 0 });
    return known?.suppressed ?? 0;
  }

  private remember(kind: string, value: Kind): void {
    this.kinds.delete(kind);
    this.kinds.set(kind, value);
    const [oldest] = this.kinds.keys();
    if (this.kinds.size > MAX_KINDS && oldest !== undefined) this.kinds.delete(oldest);
  }
}
