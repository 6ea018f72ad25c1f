import type { Clock } from './clock';

interface Reading {
  /** The time in a document of the NSM. */
  timestampMs: number;
  /** By the monotonic clock. */
  askedAtMs: number;
  /** By the monotonic clock. */
  answeredAtMs: number;
}

/**
 * A clock that the parent cannot set. It starts at the timestamp of an attestation document, which comes from the Nitro hypervisor, and runs
 * by the monotonic clock. Every document that the enclave gets from its NSM sets the clock anew.
 */
export class AnchoredClock implements Clock {
  private anchor: { timestampMs: number; monotonicMs: number } | undefined;
  private reading: Reading | undefined;

  constructor(
    private readonly monotonicMs: () => number = () => performance.now(),
    private readonly machineMs: () => number = () => Date.now(),
  ) {}

  /** Returns the time of the monotonic clock. Call this before a request to the NSM, and give the result to `anchorOn`. */
  moment(): number {
    return this.monotonicMs();
  }

  /**
   * Sets the clock. An earlier timestamp does not set it back, so what has expired stays expired.
   * @param timestampMs the time in a document that the NSM has just made
   * @param askedAtMs the `moment` before the request
   */
  anchorOn(timestampMs: number, askedAtMs: number): void {
    const monotonicMs = this.monotonicMs();
    const earliest = this.anchor ? this.at(this.anchor, monotonicMs) : timestampMs;
    this.anchor = { timestampMs: Math.max(timestampMs, earliest), monotonicMs };
    this.reading = { timestampMs, askedAtMs, answeredAtMs: monotonicMs };
  }

  nowMs(): number {
    if (!this.anchor) throw new Error('the clock is not anchored yet');
    return this.at(this.anchor, this.monotonicMs());
  }

  /**
   * Returns attested time minus the machine's clock, in milliseconds: negative if the machine is ahead. The NSM read its time at an unknown
   * moment between request and answer, so several drifts are possible. This method returns the one nearest to zero.
   */
  driftMs(): number {
    if (!this.reading) throw new Error('the clock is not anchored yet');
    const { timestampMs, askedAtMs, answeredAtMs } = this.reading;
    const machineAtZeroMs = this.machineMs() - this.monotonicMs();
    const least = Math.round(timestampMs - answeredAtMs - machineAtZeroMs);
    const most = Math.round(timestampMs - askedAtMs - machineAtZeroMs);
    return least > 0 ? least : Math.min(most, 0);
  }

  private at(anchor: { timestampMs: number; monotonicMs: number }, monotonicMs: number): number {
    return Math.floor(anchor.timestampMs + (monotonicMs - anchor.monotonicMs));
  }
}
