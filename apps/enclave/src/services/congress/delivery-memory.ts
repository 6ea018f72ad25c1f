import { provesOfficeHasNoCopy, type RelayAnswer } from '@communique-tee/protocol';
import type { Clock } from '../../runtime/clock';
import type { OfficeResult } from './cwc/judge-answer';
import { waitAfterMs, type RetrySchedule } from './retry-schedule';

/** Identifies the text of a request. `untilMs`: until when the enclave must remember the results, because the message can be relayed again. */
export interface Identity {
  /** Hash of the sealed bytes of this request, in base64. If the same text is sealed again, this hash differs. */
  sealedSha256: string;
  /** Hash of the text, in base64. */
  contentSha256: string;
  untilMs: number;
}

/** One office's copy of a message: its DeliveryId, and a function that sends it once. */
export interface Copy {
  deliveryId: string;
  /** Null if the copy is withheld because another enclave may have sent it. It is then pending, and not remembered. */
  deliver: (() => Promise<OfficeResult>) | null;
  /** The outcome that another enclave signed for this copy. It counts even if the copy is pending in this enclave. */
  settled?: OfficeResult | undefined;
}

export interface Attempt {
  /** One result for each copy, in the order of the copies. */
  results: OfficeResult[];
  /** The wait until all pending copies may be tried again; null if none is pending, or all pending ones were withheld. */
  waitMs: number | null;
  /** How many of the pending copies were withheld. */
  withheld: number;
}

interface Remembered extends Omit<Identity, 'sealedSha256'> {
  /**
   * Hash of the sealed bytes that this enclave was last asked to deliver; null unless the copy is pending. If the gateway claims an earlier
   * attempt at these bytes, it may mean this enclave's own attempt. If it claims an attempt at other bytes, another enclave made it.
   */
  askedFor: string | null;
  /** The result of the last attempt that ended, or of an earlier one after which the office may have the copy (`laterResult`). */
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
/** The result of a delivery until an attempt has ended without an internal error. */
const NO_RESULT_YET: OfficeResult = { outcome: 'pending', reason: 'aborted', detail: null };
const WITHHELD: OfficeResult = { outcome: 'pending', reason: 'may_have_been_sent', detail: null };

/**
 * The most refused texts under one DeliveryId. A refusal costs the sender nothing and frees the nullifier of a proven message. Without a
 * limit, one registered person could have texts refused until the memory is full, and each of these texts would go to the office.
 */
const MAX_REFUSED_TEXTS = 16;

/**
 * Remembers the outcome of each delivery, by DeliveryId, until its message has expired. The enclave never repeats a delivery that ended,
 * and retries a pending one only by the schedule. If the parent relays the message earlier, the copy keeps its last result and no
 * connection is made. A DeliveryId is derived from the sender's secret, so the parent cannot use one beforehand.
 *
 * A copy that the office refused is remembered with its text, so that a corrected text under the same DeliveryId is sent and the refused
 * text is not sent again. After 16 refused texts no other text is sent under that DeliveryId until one has expired. The memory has a fixed
 * size: when it is full, it accepts no new deliveries, and it never forgets a delivery that has not expired.
 */
export class DeliveryMemory {
  private readonly known = new Map<string, Remembered>();
  /** Refused copies by DeliveryId, then by text. No inner map is empty. */
  private readonly refused = new Map<string, Map<string, Refused>>();
  private refusedTexts = 0;
  private readonly running = new Map<string, Promise<OfficeResult>>();

  constructor(
    private readonly maxEntries: number,
    private readonly clock: Clock,
    private readonly schedule: RetrySchedule,
  ) {}

  /**
   * Makes one attempt at each copy that may be tried now. The attempts run at the same time. The next wait of all these copies counts from
   * the end of the slowest attempt, so that the wait tells the parent only a step of the schedule.
   * @returns null if there is no room to remember the new copies; then no copy was tried
   * @throws what a `deliver` throws; the attempt still counts
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
   * Sends a copy that may be tried now, or returns its known result. Another text under the same DeliveryId does not get that result.
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
    // Whether a pending result of this enclave is the answer. If another enclave may have sent the copy, it stays withheld (see `askedFor`).
    const isAnswer = deliver !== null || entry.askedFor === sealedSha256;
    const reported = (result: OfficeResult): OfficeResult => {
      if (result.outcome !== 'pending') return result;
      if (settled) return entry.result.outcome === 'pending' ? this.keep(deliveryId, entry, settled) : entry.result;
      return isAnswer ? result : WITHHELD;
    };
    if (deliver && entry.result.outcome === 'pending') entry.askedFor = sealedSha256;
    const running = this.running.get(deliveryId);
    if (running) return running.then(reported);
    const isDue = entry.result.outcome === 'pending' && entry.dueMs <= this.clock.nowMs();
    if (!isDue) return Promise.resolve(reported(entry.result));
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

  /** Whether the message has expired and the office cannot have the copy, so that the sender may send another text in its place. */
  private isOver(deliveryId: string, { untilMs, result }: Remembered): boolean {
    return (
      untilMs < this.clock.nowMs() &&
      !this.running.has(deliveryId) &&
      result.outcome === 'pending' &&
      result !== NO_RESULT_YET &&
      provesOfficeHasNoCopy(result.reason)
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
 * Returns the result to remember after a later attempt. If the office may have the copy already, an attempt that does not reach the office
 * changes nothing, so the earlier result stays.
 */
function laterResult(before: OfficeResult, now: OfficeResult): OfficeResult {
  const mayHaveIt = before !== NO_RESULT_YET && !provesOfficeHasNoCopy(before.reason);
  return mayHaveIt && now.outcome === 'pending' && provesOfficeHasNoCopy(now.reason) ? before : now;
}

/**
 * Keeps final answers, so that a message that is relayed twice (after a lost answer, or by a replaying parent) gets the same receipt again.
 * When it is full, the least recently used answer is dropped; a repeated message then gets a new receipt with the same outcomes from
 * DeliveryMemory.
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
