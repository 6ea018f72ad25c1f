import { LIMITS, type MessageView } from '@communique-tee/protocol';
import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import { Acceptance } from '../acceptance/acceptance';
import { MessageMetrics } from './message-metrics';
import { mayStillExpire, type Submission } from '../acceptance/submission';
import { budgetProblem } from '../budget/budget-refusal';
import type { Reader } from '../auth/reader';
import type { CachedRefusal } from '../budget/cached-refusals';
import { DeliverySignal } from '../delivery/delivery-signal';
import { Admission } from './admission';
import { acceptedView, mayRead, type MessageWithJob, messageView, WITH_JOB } from './message-view';

@Injectable()
export class MessagesService {
  constructor(
    private readonly database: Database,
    private readonly acceptance: Acceptance,
    private readonly admission: Admission,
    private readonly metrics: MessageMetrics,
    private readonly delivery: DeliverySignal,
  ) {}

  /**
   * Accepts a message: its row, job, reservation and nullifier are committed when this resolves. The same bytes again return the same
   * message at no cost.
   * @param owner null: a proof of residence, which has been verified, admits the message
   * @param idempotencyKey the header's value; if absent, the message id is the key. Not used without an owner
   * @param cachedRefusal a recent refusal by PostgreSQL. It refuses every message whose id the owner has not used before
   * @throws ProblemError `expiry_out_of_range` | `already_sent` | `idempotency_key_reused` | `message_id_taken` |
   * `user_daily_limit_reached` | `daily_messages_reached` | `fair_share_reached` | `system_hourly_limit_reached` |
   * `system_daily_limit_reached` | `emergency_stop` | `database_unavailable` | `overloaded`
   */
  async accept(
    owner: string | null,
    submission: Submission,
    idempotencyKey: string | undefined,
    cachedRefusal: CachedRefusal | null = null,
    now = new Date(),
  ): Promise<MessageView> {
    const { messageId } = submission;
    if (!mayStillExpire(submission, now)) return this.repeatOf(owner, submission, outOfRange());
    // An id that the owner has used goes to PostgreSQL, because the message may be a duplicate, which costs nothing.
    if (
      owner !== null &&
      cachedRefusal !== null &&
      performance.now() < cachedRefusal.untilMs &&
      !(await this.isKnown(owner, messageId))
    )
      throw budgetProblem(cachedRefusal.code, now);
    const refusal = await this.admission.refusal();
    if (refusal !== null) return this.repeatOf(owner, submission, refusal);
    const key =
      owner === null ? null : { owner, key: idempotencyKey ?? messageId, explicit: idempotencyKey !== undefined };
    const accepted = await this.acceptance.accept(submission, key);
    if (accepted === null)
      return this.repeatOf(
        owner,
        submission,
        new ProblemError(submission.proof === null ? 'not_found' : 'message_id_taken'),
      );
    this.metrics.accepted();
    this.delivery.notify();
    return acceptedView(submission, accepted);
  }

  /**
   * Returns the problem that refuses new messages while the queue is too long or too slow; otherwise null.
   * @throws ProblemError `database_unavailable` | `overloaded`
   */
  queueRefusal(): Promise<ProblemError | null> {
    return this.admission.refusal();
  }

  /** @throws ProblemError `not_found`, also if the reader may not read the message | `database_unavailable` */
  async find(reader: Reader, messageId: string): Promise<MessageView> {
    const message = await this.database.read((client) =>
      client.message.findUnique({ where: { id: messageId, ...whereOf(reader) }, include: WITH_JOB }),
    );
    if (message === null) throw new ProblemError('not_found');
    return messageView(message);
  }

  /**
   * Returns the answer to a message that was accepted before with the same bytes and, if it has a proof, the same status hash. An owner
   * gets the current status. Anyone who saw a proven message can post it again, even with their own token. So the answer to a proven message
   * reveals no more than the first answer did.
   * @param refusal thrown if the message was not accepted before
   * @throws ProblemError `database_unavailable`
   */
  async repeatOf(owner: string | null, submission: Submission, refusal: ProblemError): Promise<MessageView> {
    const { messageId, sealedSha256, proof } = submission;
    const message: MessageWithJob | null = await this.database.read((client) =>
      client.message.findUnique({ where: { id: messageId }, include: WITH_JOB }),
    );
    if (message === null) throw refusal;
    const hasSameBytes = isSame(message.sealedSha256, sealedSha256);
    if (proof !== null) {
      if (!hasSameBytes || !isSame(message.statusSha256, proof.statusSha256)) throw refusal;
      const { acceptedAt } = message;
      return acceptedView(submission, { acceptedAt, nextAttemptAt: acceptedAt });
    }
    // With an Idempotency-Key the bytes may differ: the message may have been sealed again since, under the same id.
    if (owner === null || !mayRead({ owner }, message) || (refusal.code !== 'not_found' && !hasSameBytes))
      throw refusal;
    return messageView(message);
  }

  private async isKnown(owner: string, messageId: string): Promise<boolean> {
    const message = await this.database.read((client) =>
      client.message.findUnique({ where: { id: messageId, owner }, select: { id: true } }),
    );
    return message !== null;
  }
}

/** The rule of `mayRead`, as a query condition. */
const whereOf = ({ owner, statusSha256 }: Reader) =>
  owner === undefined ? { statusSha256 } : { owner, statusSha256: null };

const isSame = (stored: Uint8Array | null, given: Uint8Array): boolean =>
  stored !== null && Buffer.compare(stored, given) === 0;

function outOfRange(): ProblemError {
  return new ProblemError('expiry_out_of_range', {
    detail: `A message must expire within the next ${String(LIMITS.maxLifetimeSeconds)} seconds.`,
  });
}
