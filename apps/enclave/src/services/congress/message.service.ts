import { CryptoError } from '@communique-tee/crypto';
import {
  LIMITS,
  chamberOf,
  encodeCongressMessage,
  messageIdToText,
  toBase64Url,
  type CongressMessage,
  type RelayAnswer,
} from '@communique-tee/protocol';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Congress } from './cwc/congress';
import { congressSecrets, type CongressConfig } from './cwc/congress-config';
import { deliveryId, provenDeliveryId } from './cwc/delivery-id';
import type { OfficeReason } from './cwc/judge-answer';
import { ProblemError } from '../../runtime/problem-error';
import type { ServiceCore } from '../service';
import type { HeldKey } from '../../identity/keys/key-ring';
import { AnswerMemory, DeliveryMemory, type Identity } from './delivery-memory';
import { FIRST_ATTEMPT, earlierAttempts, type AttemptHeaders, type EarlierAttempt } from './earlier-attempts';
import type { Delivered, Report, Reporter } from './report';
import { officeCommitment } from './office-commitment';
import { inSendingOrder } from './sending-order';
import { readSealedForm, type OpenedMessage, type SealedForm } from './sealed-form';

/** How far the sender's clock may be ahead of ours: a message may expire this much later than the longest lifetime from now. */
const LIFETIME_SLACK_MS = 3600_000;

/**
 * How long every refusal of an opened message takes. The checks take up to about 10 ms, depending on what is wrong. Without this delay
 * the duration would tell the parent what is wrong.
 */
const REFUSAL_MS = 50;

const NO_SECRET = new Uint8Array(32);

/**
 * Handles messages: returns a known answer, or checks the proof, opens the message, checks it, delivers it, and makes receipt and answer.
 */
export class MessageService {
  private readonly answers: AnswerMemory;
  private readonly deliveries: DeliveryMemory;
  private readonly maxConcurrent: number;
  /** Only this service's secrets: a missing secret of another service must not stop mail. */
  private readonly ownSecrets: readonly string[];
  private readonly running = new Map<string, Promise<RelayAnswer>>();

  constructor(
    private readonly core: ServiceCore,
    private readonly congress: Congress,
    private readonly reporter: Reporter,
    config: CongressConfig,
  ) {
    const { limits, retry } = config;
    this.ownSecrets = congressSecrets(config);
    this.maxConcurrent = limits.maxConcurrent;
    this.answers = new AnswerMemory(limits.maxRememberedAnswers);
    this.deliveries = new DeliveryMemory(limits.maxRememberedDeliveries, core.clock, retry);
  }

  /**
   * @param body the CBOR form of an envelope, or of a message of the legacy suite
   * @param headers the gateway's claims about earlier attempts
   * @throws ProtocolError if the body cannot be read; ProblemError `keys_not_ready` | `key_retired` | `message_expired`
   * | `expiry_out_of_range` | `sealed_message_refused` | `enclave_busy`, and the codes of `Residence.checkEnvelope`
   */
  async handle(body: Uint8Array, headers: AttemptHeaders = FIRST_ATTEMPT): Promise<RelayAnswer> {
    const message = readSealedForm(body, this.core.legacySuite);
    this.core.ring.currentOrNotReady();
    const key = message.keyIn(this.core.ring);
    if (!key) throw new ProblemError('key_retired');
    if (!this.core.secrets.isComplete(this.ownSecrets))
      throw new ProblemError('keys_not_ready', { retryAfterSeconds: 5 });
    // The sealed bytes identify a final answer. A running attempt is identified by all bytes, because a request with another proof must not
    // join it.
    const sealedSha256 = createHash('sha256').update(message.sealed).digest();
    const attempt = createHash('sha256').update(body).digest('base64');
    const name = sealedSha256.toString('base64');
    const known = this.answers.get(name) ?? this.running.get(attempt);
    if (known) return known;
    this.checkExpiry(message);
    if (this.running.size >= this.maxConcurrent) throw busy();
    const work = this.process(message, sealedSha256, key, headers)
      .then((answer) => {
        if (answer.state === 'final') this.answers.keep(name, answer);
        return answer;
      })
      .finally(() => this.running.delete(attempt));
    this.running.set(attempt, work);
    return work;
  }

  private checkExpiry(message: SealedForm): void {
    if (message.expiresAtSeconds === null) return;
    const leftMs = message.expiresAtSeconds * 1000 - this.core.clock.nowMs();
    if (leftMs <= 0) throw new ProblemError('message_expired');
    if (leftMs > LIMITS.maxLifetimeSeconds * 1000 + LIFETIME_SLACK_MS) throw new ProblemError('expiry_out_of_range');
  }

  private async process(
    message: SealedForm,
    sealedSha256: Uint8Array,
    key: HeldKey,
    headers: AttemptHeaders,
  ): Promise<RelayAnswer> {
    await this.core.residence.checkEnvelope(message);
    // Throws if the NSM gives no attestation document for the receipt. Then the message is not opened, and no copy is sent.
    await this.reporter.ready(key);
    const startedAtMs = performance.now();
    const opened = open(message, key);
    try {
      const delivered = await this.deliver(message, sealedSha256, key, headers, opened, startedAtMs);
      const answer = await this.reporter.report(key, {
        message,
        sealedSha256,
        sealAnswer: opened.sealAnswer,
        ...delivered,
      });
      this.core.log.write('info', 'message_handled', {
        messageId: messageIdToText(message.messageId),
        outcome: answer.state,
        count: delivered.offices.length,
      });
      return answer;
    } finally {
      opened.plaintext.fill(0);
    }
  }

  private async deliver(
    message: SealedForm,
    sealedSha256: Uint8Array,
    key: HeldKey,
    headers: AttemptHeaders,
    { parsed }: OpenedMessage,
    startedAtMs: number,
  ): Promise<Pick<Report, 'deliverySecret' | 'offices' | 'waitMs' | 'withheld' | 'problems'>> {
    if (!parsed.ok)
      return inTime(
        refusal(new Uint8Array(randomBytes(32)), parsed.offices, 'message_invalid', parsed.problems),
        startedAtMs,
      );
    const { deliverySecret, offices } = parsed.message;
    const problems = this.core.residence.problemsOf(parsed.message, message.proven);
    if (problems[0] !== undefined)
      return inTime(refusal(deliverySecret, offices, problems[0].code, problems), startedAtMs);
    const earlier = await earlierAttempts(headers, {
      keys: key.keys,
      messageId: messageIdToText(message.messageId),
      sealedSha256,
      commitmentOf: (office, time) => toBase64Url(officeCommitment(deliverySecret, message.messageId, time, office)),
    });
    const delivered = await this.deliverAll(
      parsed.message,
      message.messageId,
      {
        sealedSha256: Buffer.from(sealedSha256).toString('base64'),
        contentSha256: contentSha256(parsed.message),
        untilMs: this.rememberUntilMs(message, key),
      },
      earlier,
    );
    const result = { deliverySecret, ...delivered, problems: [] };
    // In this case the enclave opens no connection. Without the wait the parent could tell that another text was sent before.
    return delivered.offices.every(isOtherContent) ? inTime(result, startedAtMs) : result;
  }

  /**
   * Returns until when the enclave remembers a delivery: until the message's expiry, or without an expiry until its key is destroyed. Until
   * then the gateway can relay the message again.
   */
  private rememberUntilMs({ expiresAtSeconds }: SealedForm, { destroyAfterMs }: HeldKey): number {
    return expiresAtSeconds === null ? destroyAfterMs : expiresAtSeconds * 1000;
  }

  /**
   * Makes one attempt at every copy that may be tried now.
   * @throws ProblemError `enclave_busy` if the memory of deliveries is full; no copy is sent
   */
  private async deliverAll(
    content: CongressMessage,
    messageId: Uint8Array,
    identity: Identity,
    earlier: (office: string) => EarlierAttempt,
  ): Promise<Pick<Report, 'offices' | 'waitMs' | 'withheld'>> {
    const sent = inSendingOrder(content.offices).map((office) => {
      const id =
        content.proof === null
          ? deliveryId(content.deliverySecret, messageId, office)
          : provenDeliveryId(content.proof.delivery, office);
      // A chamber that de-duplicates would not accept the copy twice, so the gateway's claims are not needed
      const claimed = this.congress.deduplicates(chamberOf(office)) ? null : earlier(office);
      if (claimed === 'may_have_been_sent') return { office, deliveryId: id, deliver: null };
      if (claimed !== null)
        return { office, deliveryId: id, deliver: () => Promise.resolve(claimed), settled: claimed };
      return {
        office,
        deliveryId: id,
        deliver: () => this.congress.deliver({ office, message: content, deliveryId: id }),
      };
    });
    const attempt = await this.deliveries.attempt(sent, identity);
    if (!attempt) throw busy();
    const delivered = new Map(
      sent.map(({ office, deliveryId: id }, at) => [office, { office, deliveryId: id, result: attempt.results[at] }]),
    );
    const { waitMs, withheld } = attempt;
    return { offices: content.offices.map((office) => delivered.get(office) as Delivered), waitMs, withheld };
  }
}

function open(message: SealedForm, key: HeldKey): OpenedMessage {
  try {
    return message.open(key);
  } catch (error) {
    if (error instanceof CryptoError) throw new ProblemError('sealed_message_refused');
    throw error;
  }
}

function busy(): ProblemError {
  return new ProblemError('enclave_busy', { retryAfterSeconds: 2 });
}

/**
 * Returns a hash of the content that every office gets. It stays the same if a message is sealed and proven again for the remaining
 * offices.
 */
function contentSha256(content: CongressMessage): string {
  return createHash('sha256')
    .update(encodeCongressMessage({ ...content, deliverySecret: NO_SECRET, offices: [], proof: null }))
    .digest('base64');
}

const isOtherContent = ({ result }: Delivered): boolean =>
  result.outcome === 'refused' && result.reason === 'other_content_sent';

/** Delays a refusal of an opened message, so that each takes the same time. @param startedAtMs by `performance.now()` */
async function inTime<T>(refused: T, startedAtMs: number): Promise<T> {
  await sleep(Math.max(0, REFUSAL_MS - (performance.now() - startedAtMs)));
  return refused;
}

function refusal(
  deliverySecret: Uint8Array,
  offices: readonly string[],
  reason: OfficeReason,
  problems: Report['problems'],
): Pick<Report, 'deliverySecret' | 'offices' | 'waitMs' | 'withheld' | 'problems'> {
  const refused = offices.map((office): Delivered => {
    return { office, deliveryId: null, result: { outcome: 'refused', reason, detail: null } };
  });
  return { deliverySecret, offices: refused, waitMs: null, withheld: 0, problems };
}
