import type { RelayAnswer } from '@communique-tee/protocol';
import type { Clock } from '../../runtime/clock';
import type { OfficeResult } from './cwc/judge-answer';

/** Of which text a result is, and how long it has to be remembered: until the last message that carries it expires. */
export interface Identity {
  /** Base64. */
  contentSha256: string;
  untilMs: number;
}

interface Remembered extends Identity {
  result: OfficeResult;
}

const OTHER_CONTENT: OfficeResult = { outcome: 'refused', reason: 'other_content_sent', detail: null };

/**
 * What became of each delivery, by DeliveryId, until its message has expired: the same delivery is never made twice by this
 * enclave, whatever the parent relays again. A DeliveryId is made under the sender's secret, so nobody can occupy one beforehand.
 * Bounded: when it is full, new messages are turned away rather than old ones forgotten.
 */
export class DeliveryMemory {
  private readonly known = new Map<string, Remembered>();
  private readonly running = new Map<string, { contentSha256: string; delivery: Promise<OfficeResult> }>();

  constructor(
    private readonly maxEntries: number,
    private readonly clock: Clock,
  ) {}

  hasRoomFor(count: number): boolean {
    if (this.known.size + this.running.size + count > this.maxEntries) this.forgetExpired();
    return this.known.size + this.running.size + count <= this.maxEntries;
  }

  /**
   * The remembered result, the running delivery's, or that of `deliver`, which is kept unless it is to be tried again. A result
   * is of one content: whoever seals another text under the same secret and id does not get a receipt for it.
   */
  once(
    deliveryId: string,
    { contentSha256, untilMs }: Identity,
    deliver: () => Promise<OfficeResult>,
  ): Promise<OfficeResult> {
    const known = this.known.get(deliveryId);
    if (known) {
      if (known.contentSha256 !== contentSha256) return Promise.resolve(OTHER_CONTENT);
      known.untilMs = Math.max(known.untilMs, untilMs);
      return Promise.resolve(known.result);
    }
    const running = this.running.get(deliveryId);
    if (running) return running.contentSha256 === contentSha256 ? running.delivery : Promise.resolve(OTHER_CONTENT);
    const delivery = deliver()
      .then((result) => {
        if (result.outcome !== 'pending') this.known.set(deliveryId, { result, contentSha256, untilMs });
        return result;
      })
      .finally(() => this.running.delete(deliveryId));
    this.running.set(deliveryId, { contentSha256, delivery });
    return delivery;
  }

  private forgetExpired(): void {
    const nowMs = this.clock.nowMs();
    for (const [deliveryId, { untilMs }] of this.known) if (untilMs < nowMs) this.known.delete(deliveryId);
  }
}

/**
 * Final answers, so that a message relayed twice (a lost answer, a replaying parent) gets the same receipt again. Bounded, the
 * least recently used goes first: who comes later is answered from DeliveryMemory, with the same outcomes under a new signature.
 */
export class AnswerMemory {
  private readonly answers = new Map<string, RelayAnswer>();

  constructor(private readonly maxEntries: number) {}

  get(sealedSha256: string): RelayAnswer | undefined {
    const answer = this.answers.get(sealedSha256);
    if (answer) {
      this.answers.delete(sealedSha256);
      this.answers.set(sealedSha256, answer);
    }
    return answer;
  }

  keep(sealedSha256: string, answer: RelayAnswer): void {
    this.answers.set(sealedSha256, answer);
    if (this.answers.size <= this.maxEntries) return;
    const oldest = this.answers.keys().next();
    if (!oldest.done) this.answers.delete(oldest.value);
  }
}
