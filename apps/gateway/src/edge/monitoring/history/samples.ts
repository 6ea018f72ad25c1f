export const INDICATORS = ['enclave', 'attestation', 'keys', 'database', 'redis', 'queue', 'budget'] as const;
export type IndicatorName = (typeof INDICATORS)[number];
/** `unused`: not configured. Only Redis can be unused. */
export type IndicatorStatus = 'up' | 'degraded' | 'down' | 'unused';

export interface Amounts {
  readonly reservedMicroUsd: bigint;
  readonly spentMicroUsd: bigint;
  readonly capMicroUsd: bigint;
}

/** Requests since the previous sample: their number, and the longest time of the fastest 50 and 95 percent. */
export interface Latency {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}
export const LATENCIES = ['accept', 'relay', 'delivery'] as const;
export type LatencyName = (typeof LATENCIES)[number];

/** The gateway at one moment. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly indicators: Readonly<Record<IndicatorName, IndicatorStatus>>;
  /** Milliseconds since an enclave was last verified; null unless the last check verified one. */
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

  /** The samples taken after this moment. */
  since(ms: number): Sample[] {
    const ordered =
      this.slots.length < this.capacity
        ? this.slots
        : [...this.slots.slice(this.next), ...this.slots.slice(0, this.next)];
    return ordered.filter(({ atMs }) => atMs > ms);
  }
}
