import type { Clock } from './clock';

/** The time in a document of the NSM. Moments are of the monotonic clock, in milliseconds. */
interface Reading {
  timestampMs: number;
  askedAtMs: number;
  answeredAtMs: number;
}

/**
 * Time that the parent cannot set: anchored on the timestamp of an attestation document, which comes from the Nitro hypervisor, and
 * carried on by the monotonic clock. Anchored anew with every document that the enclave makes for itself.
 */
export class AnchoredClock implements Clock {
  private anchor: { timestampMs: number; monotonicMs: number } | undefined;
  private reading: Reading | undefined;

  constructor(
    private readonly monotonicMs: () => number = () => performance.now(),
    private readonly machineMs: () => number = () => Date.now(),
  ) {}

  /** A moment of the monotonic clock, to be taken before the NSM is asked. */
  moment(): number {
    return this.monotonicMs();
  }

  /**
   * `timestampMs` of a document that the NSM has just made, `askedAtMs` the moment before it was asked. Time never steps back by an
   * anchor: what expired stays expired.
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
   * Attested time minus the machine's clock now, in milliseconds: negative where the machine is ahead. The NSM took its time somewhere
   * between question and answer; of the drifts that this allows, the result is the one nearest to zero.
   */
  driftMs(): number {
    if (!this.reading) throw new Error('the clock is not anchored yet');
    const { timestampMs, askedAtMs, answeredAtMs } = this.reading;
    // The time of the machine's clock when the monotonic clock was at zero
    const machineAtZeroMs = this.machineMs() - this.monotonicMs();
    const least = Math.round(timestampMs - answeredAtMs - machineAtZeroMs);
    const most = Math.round(timestampMs - askedAtMs - machineAtZeroMs);
    return least > 0 ? least : Math.min(most, 0);
  }

  private at(anchor: { timestampMs: number; monotonicMs: number }, monotonicMs: number): number {
    return Math.floor(anchor.timestampMs + (monotonicMs - anchor.monotonicMs));
  }
}
