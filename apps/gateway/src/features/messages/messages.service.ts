import { LIMITS, type MessageView } from '@communique-tee/protocol';
import { Injectable } from '@nestjs/common';
import { BudgetService } from '../budget/budget.service';
import type { ForeseenRefusal } from '../budget/cached-refusals';
import { highestCostOfMessageMicroUsd } from '../../core/config/prices';
import { Database } from '../../core/database/database';
import { DeliverySignal } from '../delivery/delivery-signal';
import { ProblemError } from '../../core/problems/problem-error';
import { Acceptance, type AcceptanceKey, type Stored } from './acceptance';
import { Admission } from './admission';
import { GroupedAcceptance } from '../acceptance/acceptance';
import { MessageMetrics } from './message-metrics';
import { acceptedView, type MessageWithJob, messageView, WITH_JOB } from './message-view';
import { mayStillExpire, type Submission } from '../acceptance/submission';

@Injectable()
export class MessagesService {
  constructor(
    private readonly database: Database,
    private readonly budget: BudgetService,
    private readonly grouped: GroupedAcceptance,
    private readonly admission: Admission,
    private readonly metrics: MessageMetrics,
    private readonly delivery: DeliverySignal,
  ) {}

  /**
   * Accepts a message: it, its job and its reservation are committed when this returns. The same bytes again are answered with the
   * message as it stands, and cost nothing.
   * @param idempotencyKey what the header said; without one the message id is the key
   * @param foreseen which cap refused a moment ago and would refuse this one: it is not tried, but what was accepted before is answered
   * @throws ProblemError `expiry_out_of_range` | `idempotency_key_reused` | `message_id_taken` | `user_daily_limit_reached` |
   * `system_hourly_limit_reached` | `emergency_stop` | `database_unavailable` | `overloaded`
   */
  async accept(
    owner: string,
    submission: Submission,
    idempotencyKey: string | undefined,
    foreseen: ForeseenRefusal | null = null,
    now = new Date(),
  ): Promise<MessageView> {
    const key = { owner, key: idempotencyKey ?? submission.messageId, explicit: idempotencyKey !== undefined };
    if (!mayStillExpire(submission, now)) return this.repeatOf(owner, submission, outOfRange());
    const refusal = this.budget.foreseen(foreseen, now) ?? (await this.admission.refusal());
    if (refusal !== null) return this.repeatOf(owner, submission, refusal);
    const accepted = (await this.grouped.accept(submission, key)) ?? (await this.acceptAlone(submission, key, now));
    if (accepted === null) return this.find(owner, submission.messageId);
    this.metrics.accepted();
    this.delivery.notify();
    return acceptedView(submission, accepted);
  }

  /** A message that is not simply new and within every cap: says what it is instead, or makes room where its group did not fit. */
  private acceptAlone(submission: Submission, key: AcceptanceKey, now: Date): Promise<Stored | null> {
    const { owner } = key;
    return this.budget.stopOnThreshold(() =>
      this.database.transaction(async (transaction) => {
        const stored = await new Acceptance(transaction, submission, key, now).store();
        if (stored !== null)
          await this.budget.reserve(transaction, {
            owner,
            messageId: submission.messageId,
            amountMicroUsd: highestCostOfMessageMicroUsd,
            now,
          });
        return stored;
      }),
    );
  }

  /** The message of its owner. @throws ProblemError `not_found` for any other id | `database_unavailable` */
  async find(owner: string, messageId: string): Promise<MessageView> {
    const message: MessageWithJob | null = await this.database.read((client) =>
      client.message.findUnique({ where: { id: messageId, owner }, include: WITH_JOB }),
    );
    if (message === null) throw new ProblemError('not_found');
    return messageView(message);
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
