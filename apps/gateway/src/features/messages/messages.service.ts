import { LIMITS, type MessageView } from '@communique-tee/protocol';
import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import { Acceptance } from '../acceptance/acceptance';
import { MessageMetrics } from './message-metrics';
import { mayStillExpire, type Submission } from '../acceptance/submission';
import { budgetProblem } from '../budget/budget-refusal';
import type { CachedRefusal } from '../budget/cached-refusals';
import { DeliverySignal } from '../delivery/delivery-signal';
import { Admission } from './admission';
import { acceptedView, type MessageWithJob, messageView, WITH_JOB } from './message-view';

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
   * Accepts a message: it, its job and its reservation are committed when this returns. The same bytes again return
   * the message with its current status, and cost nothing.
   * @param idempotencyKey what the header said; without one the message id is the key
   * @param cachedRefusal what PostgreSQL refused with a moment ago: refuses every id that the owner has not used before
   * @throws ProblemError `expiry_out_of_range` | `idempotency_key_reused` | `message_id_taken` | `user_daily_limit_reached` |
   * `daily_messages_reached` | `system_hourly_limit_reached` | `emergency_stop` | `database_unavailable` | `overloaded`
   */
  async accept(
    owner: string,
    submission: Submission,
    idempotencyKey: string | undefined,
    cachedRefusal: CachedRefusal | null = null,
    now = new Date(),
  ): Promise<MessageView> {
    const { messageId } = submission;
    if (!mayStillExpire(submission, now)) return this.repeatOf(owner, submission, outOfRange());
    // An id that the owner has used is PostgreSQL's to judge: it may be a duplicate, which costs nothing.
    if (cachedRefusal !== null && performance.now() < cachedRefusal.untilMs && !(await this.isKnown(owner, messageId)))
      throw budgetProblem(cachedRefusal.code, now);
    const refusal = await this.admission.refusal();
    if (refusal !== null) return this.repeatOf(owner, submission, refusal);
    const key = { owner, key: idempotencyKey ?? messageId, explicit: idempotencyKey !== undefined };
    const accepted = await this.acceptance.accept(submission, key);
    if (accepted === null) return this.find(owner, messageId);
    this.metrics.accepted();
    this.delivery.notify();
    return acceptedView(submission, accepted);
  }

  /** The message of its owner. @throws ProblemError `not_found` for any other id | `database_unavailable` */
  async find(owner: string, messageId: string): Promise<MessageView> {
    const message: MessageWithJob | null = await this.database.read((client) =>
      client.message.findUnique({ where: { id: messageId, owner }, include: WITH_JOB }),
    );
    if (message === null) throw new ProblemError('not_found');
    return messageView(message);
  }

  private async isKnown(owner: string, messageId: string): Promise<boolean> {
    const message = await this.database.read((client) =>
      client.message.findUnique({ where: { id: messageId, owner }, select: { id: true } }),
    );
    return message !== null;
  }

  /** What can no longer be accepted may have been accepted in time. @throws what it is refused with where it was not */
  private async repeatOf(owner: string, submission: Submission, refusal: ProblemError): Promise<MessageView> {
    const { messageId, sealedSha256 } = submission;
    const message = await this.database.read((client) =>
      client.message.findUnique({ where: { id: messageId, owner, sealedSha256 }, include: WITH_JOB }),
    );
    if (message !== null) return messageView(message);
    throw refusal;
  }
}

function outOfRange(): ProblemError {
  return new ProblemError('expiry_out_of_range', {
    detail: `A message must expire within the next ${String(LIMITS.maxLifetimeSeconds)} seconds.`,
  });
}
