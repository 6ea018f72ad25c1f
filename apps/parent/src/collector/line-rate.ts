/** A bucket of `burst` lines that fills by `perSecond`. */
export class LineRate {
  private available: number;
  private lastMs: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.available = burst;
    this.lastMs = nowMs();
  }

  take(): boolean {
    const now = this.nowMs();
    this.available = Math.min(this.burst, this.available + ((now - this.lastMs) / 1000) * this.perSecond);
    this.lastMs = now;
    if (this.available < 1) return false;
    this.available--;
    return true;
  }
}
