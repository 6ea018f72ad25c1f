import type { Clock } from './clock';

/**
 * Time that does not rest on the parent's word: anchored on the timestamp of an attestation document, which comes from the Nitro
 * hypervisor, and carried on by the monotonic clock. Anchored anew with every document that the enclave makes for itself.
 */
export class AnchoredClock implements Clock {
  private anchor: { timestampMs: number; monotonicMs: number } | undefined;

  constructor(private readonly monotonicMs: () => number = () => performance.now()) {}

  /** `timestampMs` of a document that the NSM has just made. Time never steps back by an anchor: what expired stays expired. */
  anchorOn(timestampMs: number): void {
    const monotonicMs = this.monotonicMs();
    const earliest = this.anchor ? this.at(this.anchor, monotonicMs) : timestampMs;
    this.anchor = { timestampMs: Math.max(timestampMs, earliest), monotonicMs };
  }

  nowMs(): number {
    if (!this.anchor) throw new Error('the clock is not anchored yet');
    return this.at(this.anchor, this.monotonicMs());
  }

  private at(anchor: { timestampMs: number; monotonicMs: number }, monotonicMs: number): number {
    return Math.floor(anchor.timestampMs + (monotonicMs - anchor.monotonicMs));
  }
}
