import type { Clock } from '../clock/clock';
import type { OfficeResult } from '../congress/office-result';

/**
 * What became of each delivery, by DeliveryId, until its message has expired: the same delivery is never made twice by this
 * enclave, whatever the parent relays again. A DeliveryId is made under the sender's secret, so nobody can occupy one beforehand.
 * Bounded: when it is full, new messages are turned away rather than old ones forgotten.
 */
export class DeliveryMemory {
  private readonly known = new Map<string, { result: OfficeResult; untilMs: number }>();
  private readonly running = new Map<string, Promise<OfficeResult>>();

  constructor(
    private readonly maxEntries: number,
    private readonly clock: Clock,
  ) {}

  hasRoomFor(count: number): boolean {
    if (this.known.size + this.running.size + count > this.maxEntries) this.forgetExpired();
    return this.known.size + this.running.size + count <= this.maxEntries;
  }

  /** The remembered result, the running delivery's, or that of `deliver`, which is kept unless it is to be tried again. */
  once(deliveryId: string, untilMs: number, deliver: () => Promise<OfficeResult>): Promise<OfficeResult> {
    const known = this.known.get(deliveryId);
    if (known) return Promise.resolve(known.result);
    const running = this.running.get(deliveryId);
    if (running) return running;
    const delivery = deliver()
      .then((result) => {
        if (result.outcome !== 'pending') this.known.set(deliveryId, { result, untilMs });
        return result;
      })
      .finally(() => this.running.delete(deliveryId));
    this.running.set(deliveryId, delivery);
    return delivery;
  }

  private forgetExpired(): void {
    const nowMs = this.clock.nowMs();
    for (const [deliveryId, { untilMs }] of this.known) if (untilMs < nowMs) this.known.delete(deliveryId);
  }
}
