export const INDICATORS = ['enclave', 'attestation', 'keys', 'database', 'redis', 'queue', 'budget'] as const;
export type IndicatorName = (typeof INDICATORS)[number];
/** `unused`: not configured, which is possible only for Redis. */
export type IndicatorStatus = 'up' | 'degraded' | 'down' | 'unused';

export interface Amounts {
  readonly reservedMicroUsd: bigint;
  readonly spentMicroUsd: bigint;
  readonly capMicroUsd: bigint;
}

/** Requests since the previous sample: their number, the median time, and the 95th percentile. */
export interface Latency {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}
export const LATENCIES = ['accept', 'relay', 'delivery'] as const;
export type LatencyName = (typeof LATENCIES)[number];

export interface Sample {
  /** Unix time. */
  readonly atMs: number;
  readonly indicators: Readonly<Record<IndicatorName, IndicatorStatus>>;
  /** Milliseconds since the last check verified an enclave; null if it verified none. */
  readonly attestationAgeMs: number | null;
  /** Null if the database could not be asked. */
  readonly queue: { readonly waiting: number; readonly overdueMs: number } | null;
  readonly budget: { readonly hour: Amounts; readonly day: Amounts } | null;
  readonly latency: Readonly<Record<LatencyName, Latency>>;
}

/** The last `capacity` samples, the oldest first. */
export class SampleRing {
  private readonly slots: Sample[] = [];
  private next = 0;

  constructor(private readonly capacity: number) {}

  add(sample: Sample): void {
    this.slots[this.next] = sample;
    this.next = (this.next + 1) % this.capacity;
  }

  /** @param ms Unix time */
  since(ms: number): Sample[] {
    const ordered =
      this.slots.length < this.capacity
        ? this.slots
        : [...this.slots.slice(this.next), ...this.slots.slice(0, this.next)];
    return ordered.filter(({ atMs }) => atMs > ms);
  }
}
