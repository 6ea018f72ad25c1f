import { provesNotTaken, type RelayAnswer } from '@communique-tee/protocol';
import type { Clock } from '../../runtime/clock';
import type { OfficeResult } from './cwc/judge-answer';
import { waitAfterMs, type RetrySchedule } from './retry-schedule';

/** The text that a result is about, and how long the enclave must remember it: until the last message with this text expires. */
export interface Identity {
  /** Of the sealed bytes of this request; base64. The same text has other sealed bytes when it is sealed again. */
  sealedSha256: string;
  /** Base64. */
  contentSha256: string;
  untilMs: number;
}

/** One office's copy of a message: its DeliveryId, and a function that sends it once. */
export interface Copy {
  deliveryId: string;
  /** Null: withheld, since another enclave may have sent it. It is pending, and not remembered. */
  deliver: (() => Promise<OfficeResult>) | null;
  /** The outcome that another enclave signed for this copy. It also counts if the copy is pending here. */
  settled?: OfficeResult | undefined;
}

export interface Attempt {
  /** In the order of the copies. */
  results: OfficeResult[];
  /** Until all pending copies are due again; null if none is pending, or all pending ones were withheld. */
  waitMs: number | null;
  /** How many of the pending copies were withheld. */
  withheld: number;
}

interface Remembered extends Omit<Identity, 'sealedSha256'> {
  /**
   * While it is pending: hash of the sealed bytes of the last request for it that came without a claim of an earlier attempt. A later
   * claim about these bytes may be about this enclave's own attempt; a claim about other bytes is about another enclave's.
   */
  askedFor: string | null;
  /** Of the last attempt that ended, or of an earlier one after which the office may have the copy (`laterResult`). */
  result: OfficeResult;
  attempts: number;
  /** A pending delivery is not tried again before this time. */
  dueMs: number;
}

interface Refused {
  result: OfficeResult;
  untilMs: number;
}

const OTHER_CONTENT: OfficeResult = { outcome: 'refused', reason: 'other_content_sent', detail: null };
/** The result of a delivery while no attempt at it has ended, or all have ended by an error of our own. */
const NO_RESULT_YET: OfficeResult = { outcome: 'pending', reason: 'aborted', detail: null };
const WITHHELD: OfficeResult = { outcome: 'pending', reason: 'may_have_been_sent', detail: null };

/**
 * A refusal costs the sender nothing and frees the nullifier of a proven message. Without a bound, one registered person could have texts
 * refused until the memory is full, and each of them would go to the office.
 */
const MAX_REFUSED_TEXTS = 16;

/**
 * The outcome of each delivery, by DeliveryId, until its message has expired. This enclave never repeats a delivery that ended, and
 * retries a pending one only by the schedule, whenever the parent relays it: a copy that is not due gets its last result again without a
 * connection. A DeliveryId is derived from the sender's secret, so the parent cannot occupy one beforehand.
 *
 * A copy that the office refused is forgotten under its DeliveryId and remembered with its text: a corrected text under the same
 * DeliveryId is sent, and the refused one is not sent again. After 16 refused texts no other is sent under it until one has expired.
 * Bounded: a full memory takes no new deliveries, and forgets none that has not expired.
 */
export class DeliveryMemory {
  private readonly known = new Map<string, Remembered>();
  /** By DeliveryId, then by text. No DeliveryId has an empty map. */
  private readonly refused = new Map<string, Map<string, Refused>>();
  private refusedTexts = 0;
  private readonly running = new Map<string, Promise<OfficeResult>>();

  constructor(
    private readonly maxEntries: number,
    private readonly clock: Clock,
    private readonly schedule: RetrySchedule,
  ) {}

  /**
   * Makes one attempt at each copy of a message that is due, all started at once in this order. The next wait counts from the end of the
   * whole attempt, so the parent learns only a step of the schedule.
   * @returns null where there is no room to remember the new copies: then none was tried
   * @throws what a `deliver` throws; its attempt counts
   */
  async attempt(copies: readonly Copy[], identity: Identity): Promise<Attempt | null> {
    const fresh = copies.filter(({ deliveryId, deliver }) => deliver && !this.remembers(deliveryId, identity));
    if (!this.hasRoomFor(fresh.length)) return null;
    const tried: Remembered[] = [];
    const results = await Promise.all(copies.map((copy) => this.once(copy, identity, tried))).finally(() => {
      for (const entry of tried) this.postpone(entry);
    });
    const dueMs = copies.flatMap(({ deliveryId }, at) =>
      results[at]?.outcome === 'pending' && results[at] !== WITHHELD ? (this.known.get(deliveryId)?.dueMs ?? []) : [],
    );
    return {
      results,
      waitMs: dueMs.length === 0 ? null : Math.max(0, Math.max(...dueMs) - this.clock.nowMs()),
      withheld: results.filter((result) => result === WITHHELD).length,
    };
  }

  /**
   * Sends a copy that is due, or returns its known result. A result belongs to one text: another text under the same secret and message
   * id does not get that result.
   */
  private once(
    { deliveryId, deliver, settled }: Copy,
    { contentSha256, sealedSha256, untilMs }: Identity,
    tried: Remembered[],
  ): Promise<OfficeResult> {
    const refused = this.refused.get(deliveryId)?.get(contentSha256);
    if (refused) {
      refused.untilMs = Math.max(refused.untilMs, untilMs);
      return Promise.resolve(refused.result);
    }
    const known = this.known.get(deliveryId);
    if (!known && this.hasTooManyRefused(deliveryId)) return Promise.resolve(OTHER_CONTENT);
    if (known && known.contentSha256 !== contentSha256 && !this.isOver(deliveryId, known))
      return Promise.resolve(OTHER_CONTENT);
    const entry =
      known?.contentSha256 === contentSha256
        ? known
        : { contentSha256, untilMs, askedFor: null, result: NO_RESULT_YET, attempts: 0, dueMs: -Infinity };
    entry.untilMs = Math.max(entry.untilMs, untilMs);
    // What this enclave did for other bytes does not answer the attempt that the gateway claims: its copy stays withheld.
    const isAnswer = deliver !== null || entry.askedFor === sealedSha256;
    const said = (result: OfficeResult): OfficeResult => {
      if (result.outcome !== 'pending') return result;
      if (settled) return entry.result.outcome === 'pending' ? this.keep(deliveryId, entry, settled) : entry.result;
      return isAnswer ? result : WITHHELD;
    };
    if (deliver && entry.result.outcome === 'pending') entry.askedFor = sealedSha256;
    const running = this.running.get(deliveryId);
    if (running) return running.then(said);
    const isDue = entry.result.outcome === 'pending' && entry.dueMs <= this.clock.nowMs();
    if (!isDue) return Promise.resolve(said(entry.result));
    if (!deliver) return Promise.resolve(WITHHELD);
    this.known.set(deliveryId, entry);
    entry.attempts++;
    this.postpone(entry);
    tried.push(entry);
    const delivery = deliver()
      .then((result) => this.keep(deliveryId, entry, laterResult(entry.result, result)))
      .finally(() => this.running.delete(deliveryId));
    this.running.set(deliveryId, delivery);
    return delivery;
  }

  private keep(deliveryId: string, entry: Remembered, result: OfficeResult): OfficeResult {
    entry.result = result;
    if (result.outcome !== 'pending') entry.askedFor = null;
    if (result.outcome === 'refused') this.keepRefused(deliveryId, entry);
    return result;
  }

  private keepRefused(deliveryId: string, { contentSha256, result, untilMs }: Remembered): void {
    this.known.delete(deliveryId);
    const texts = this.refused.get(deliveryId) ?? new Map<string, Refused>();
    this.refused.set(deliveryId, texts.set(contentSha256, { result, untilMs }));
    this.refusedTexts++;
  }

  private hasTooManyRefused(deliveryId: string): boolean {
    const texts = this.refused.get(deliveryId);
    if (texts === undefined || texts.size < MAX_REFUSED_TEXTS) return false;
    this.forgetExpiredTexts(deliveryId, texts);
    return texts.size >= MAX_REFUSED_TEXTS;
  }

  private remembers(deliveryId: string, { contentSha256 }: Identity): boolean {
    return (
      this.known.has(deliveryId) ||
      this.refused.get(deliveryId)?.has(contentSha256) === true ||
      this.hasTooManyRefused(deliveryId)
    );
  }

  /** Whether its message has expired and no office can have the copy: then the sender may send another text in its place. */
  private isOver(deliveryId: string, { untilMs, result }: Remembered): boolean {
    return (
      untilMs < this.clock.nowMs() &&
      !this.running.has(deliveryId) &&
      result.outcome === 'pending' &&
      result !== NO_RESULT_YET &&
      provesNotTaken(result.reason)
    );
  }

  private postpone(entry: Remembered): void {
    entry.dueMs = this.clock.nowMs() + waitAfterMs(entry.attempts, this.schedule);
  }

  private hasRoomFor(count: number): boolean {
    if (this.size + count > this.maxEntries) this.forgetExpired();
    return this.size + count <= this.maxEntries;
  }

  private get size(): number {
    return this.known.size + this.refusedTexts;
  }

  private forgetExpired(): void {
    const nowMs = this.clock.nowMs();
    for (const [deliveryId, { untilMs }] of this.known) if (untilMs < nowMs) this.known.delete(deliveryId);
    for (const [deliveryId, texts] of this.refused) this.forgetExpiredTexts(deliveryId, texts);
  }

  private forgetExpiredTexts(deliveryId: string, texts: Map<string, Refused>): void {
    const nowMs = this.clock.nowMs();
    for (const [text, { untilMs }] of texts) if (untilMs < nowMs && texts.delete(text)) this.refusedTexts--;
    if (texts.size === 0) this.refused.delete(deliveryId);
  }
}

/**
 * Once an office may have a copy, a later attempt that fails to reach it does not prove the opposite: the outcome
 * stays unknown until the office answers.
 */
function laterResult(before: OfficeResult, now: OfficeResult): OfficeResult {
  const mayHaveIt = before !== NO_RESULT_YET && !provesNotTaken(before.reason);
  return mayHaveIt && now.outcome === 'pending' && provesNotTaken(now.reason) ? before : now;
}

/**
 * Final answers, so that a message relayed twice (a lost answer, a replaying parent) gets the same receipt again. Bounded: the
 * least recently used answer goes first, and DeliveryMemory then gives the same outcomes for a new receipt.
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
