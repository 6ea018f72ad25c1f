import type { Clock } from './clock';

/** The time in a document of the NSM. Moments are times of the monotonic clock, in milliseconds. */
interface Reading {
  timestampMs: number;
  askedAtMs: number;
  answeredAtMs: number;
}

/**
 * Time that the parent cannot set: anchored on the timestamp of an attestation document, which comes from the Nitro hypervisor, and carried
 * on by the monotonic clock. Every document that the enclave gets from its NSM anchors the clock anew.
 */
export class AnchoredClock implements Clock {
  private anchor: { timestampMs: number; monotonicMs: number } | undefined;
  private reading: Reading | undefined;

  constructor(
    private readonly monotonicMs: () => number = () => performance.now(),
    private readonly machineMs: () => number = () => Date.now(),
  ) {}

  /** Returns the time of the monotonic clock. The caller takes it before the request to the NSM. */
  moment(): number {
    return this.monotonicMs();
  }

  /**
   * `timestampMs`: the time in a document that the NSM has just made; `askedAtMs`: the moment before the request. An earlier timestamp does
   * not set the clock back, so what has expired stays expired.
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
   * Returns attested time minus the machine's clock, in milliseconds: negative if the machine is ahead. The NSM took its time at an unknown
   * moment between request and answer; of the drifts that are possible, this returns the one nearest to zero.
   */
  driftMs(): number {
    if (!this.reading) throw new Error('the clock is not anchored yet');
    const { timestampMs, askedAtMs, answeredAtMs } = this.reading;
    // What the machine's clock showed, or would have shown, when the monotonic clock was at zero
    const machineAtZeroMs = this.machineMs() - this.monotonicMs();
    const least = Math.round(timestampMs - answeredAtMs - machineAtZeroMs);
    const most = Math.round(timestampMs - askedAtMs - machineAtZeroMs);
    return least > 0 ? least : Math.min(most, 0);
  }

  private at(anchor: { timestampMs: number; monotonicMs: number }, monotonicMs: number): number {
    return Math.floor(anchor.timestampMs + (monotonicMs - anchor.monotonicMs));
  }
}
