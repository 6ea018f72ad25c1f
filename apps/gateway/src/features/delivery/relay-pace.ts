/**
 * What an attempt shows about its enclave's load. `served`: the enclave answered after `latencyMs`. `busy`: the enclave refused the
 * attempt. `late`: no answer came in time. `nothing`: the attempt shows nothing about the load.
 */
export type PaceSignal =
  { readonly kind: 'served'; readonly latencyMs: number } | { readonly kind: 'busy' | 'late' | 'nothing' };

/** One attempt's slot. `done` frees it; a second call has no effect. */
export interface PaceSlot {
  done(signal: PaceSignal): void;
}

const BUSY_FACTOR = 0.5;
const SLOW_FACTOR = 0.8;
const SMOOTHING = 0.2;
/** An enclave is slow if its smoothed latency is more than twice the baseline, and more than the baseline plus 100 ms. */
const SLOW_RATIO = 2;
const SLOW_MARGIN_MS = 100;
const SAMPLES_OF_A_BASELINE = 100;
/** Fewer smoothed latencies are not judged, because one slow relay is no trend. */
const SAMPLES_OF_A_TREND = 5;

/**
 * Limits how many attempts run at one enclave at once. The limit rises by addition and falls by multiplication (AIMD). README.md in this
 * folder explains why.
 */
export class RelayPace {
  private allowed: number;
  private taken = 0;
  /** How often the limit was cut. An attempt that began before the last cut shows nothing about the new limit. */
  private epoch = 0;
  private smoothedMs: number | undefined;
  private smoothed = 0;
  private samples = 0;
  private lowestMs = Infinity;
  private lowestBeforeMs = Infinity;

  constructor(private readonly max: number) {
    this.allowed = max;
  }

  /** 1 to `max`. */
  get limit(): number {
    return Math.max(1, Math.floor(this.allowed));
  }

  get underWay(): number {
    return this.taken;
  }

  get free(): number {
    return Math.max(0, this.limit - this.taken);
  }

  take(): PaceSlot {
    this.taken++;
    const { epoch } = this;
    const full = this.taken >= this.limit;
    let open = true;
    return {
      done: (signal) => {
        if (!open) return;
        open = false;
        this.taken--;
        if (epoch === this.epoch) this.hear(signal, full);
      },
    };
  }

  private hear(signal: PaceSignal, full: boolean): void {
    switch (signal.kind) {
      case 'nothing':
        return;
      case 'busy':
        this.cut(BUSY_FACTOR, 1);
        return;
      case 'late':
        this.slow();
        return;
      case 'served':
        this.note(signal.latencyMs);
        if (this.isSlow()) this.slow();
        // An attempt below the limit does not show that the enclave can do more
        else if (full) this.allowed = Math.min(this.max, this.allowed + 1 / this.allowed);
    }
  }

  private slow(): void {
    this.cut(SLOW_FACTOR, Math.ceil(this.max / 4));
  }

  private cut(factor: number, floor: number): void {
    this.allowed = Math.min(this.allowed, Math.max(floor, this.allowed * factor));
    this.smoothedMs = undefined;
    this.smoothed = 0;
    this.epoch++;
  }

  private note(latencyMs: number): void {
    this.smoothed++;
    this.smoothedMs =
      this.smoothedMs === undefined ? latencyMs : this.smoothedMs + SMOOTHING * (latencyMs - this.smoothedMs);
    this.lowestMs = Math.min(this.lowestMs, latencyMs);
    if (++this.samples < SAMPLES_OF_A_BASELINE) return;
    // The baseline is the lowest latency of the last 100 to 200 samples, so it rises if an enclave stays slow
    this.lowestBeforeMs = this.lowestMs;
    this.lowestMs = Infinity;
    this.samples = 0;
  }

  private isSlow(): boolean {
    const baselineMs = Math.min(this.lowestMs, this.lowestBeforeMs);
    return (
      this.smoothed >= SAMPLES_OF_A_TREND &&
      this.smoothedMs !== undefined &&
      this.smoothedMs > Math.max(baselineMs * SLOW_RATIO, baselineMs + SLOW_MARGIN_MS)
    );
  }
}
