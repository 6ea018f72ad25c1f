import { toHex } from '@communique-tee/protocol';
import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import { type BudgetRefusal, budgetProblem } from '../budget/budget-refusal';
import { BudgetService } from '../budget/budget.service';
import { CachedRefusals } from '../budget/cached-refusals';
import { EmergencyStop } from '../budget/emergency-stop';
import {
  type AcceptanceKey,
  type AcceptanceRequest,
  acceptMessages,
  type Outcome,
  type Stored,
} from './accept-messages';
import type { Submission } from './submission';

/** The most messages in a batch, and the most sealed bytes in total. A message that is larger is a batch by itself. */
const MAX_MESSAGES = 64;
const MAX_BYTES = 1024 * 1024;
/**
 * The most batches that run at once, not counting one that hangs (PATIENCE_MS). If messages have a price, every batch changes the budget's
 * rows of the hour and the day, so a second batch would wait for the first one's commit.
 */
const MAX_BATCHES = 1;
/** A batch that takes longer hangs, probably at a lock. Another batch may then run beside it. */
const PATIENCE_MS = 1000;
const MAX_HANGING = 1;
/**
 * Limits of the queue. A message beyond these numbers, or one that has waited this long, is rejected. Nothing of it is stored, so the client
 * may send it again.
 */
const MAX_WAITING = 2048;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const MAX_WAIT_MS = 5000;
const RETRY_AFTER_SECONDS = 2;
/** The most seconds that are added at random, so that clients that were rejected together do not retry together. */
const RETRY_SPREAD_SECONDS = 4;

type AnsweredOutcome = Exclude<Outcome, { readonly outcome: 'threshold_reached' }>;

interface Queued extends AcceptanceRequest {
  readonly resolve: (stored: Stored | null) => void;
  readonly reject: (error: unknown) => void;
  timer: NodeJS.Timeout;
}

/**
 * Accepts all messages. Messages that arrive while a batch commits make up the next batch. If no batch is committing, a message is committed
 * at once, by itself. The database function accept_messages decides about each message, and the client gets its answer after the commit.
 */
@Injectable()
export class Acceptance {
  private queue: Queued[] = [];
  private queuedBytes = 0;
  private running = 0;
  private hanging = 0;

  constructor(
    private readonly database: Database,
    private readonly budget: BudgetService,
    private readonly emergencyStop: EmergencyStop,
    private readonly refusals: CachedRefusals,
  ) {}

  /**
   * Accepts a message.
   * @param key null for a message without an owner, which a proof of residence admits
   * @returns null for a duplicate: the same bytes were accepted before, and cost nothing again
   * @throws ProblemError `already_sent` | `idempotency_key_reused` | `message_id_taken` | `user_daily_limit_reached` |
   * `daily_messages_reached` | `fair_share_reached` | `system_hourly_limit_reached` | `system_daily_limit_reached` | `emergency_stop`
   * @throws ProblemError `overloaded`: too many messages wait, or this one waited too long. The database was not asked
   * @throws ProblemError `database_unavailable`: the commit may or may not have happened
   */
  accept(submission: Submission, key: AcceptanceKey | null): Promise<Stored | null> {
    if (this.queue.length >= MAX_WAITING || this.queuedBytes + submission.sealed.length > MAX_WAITING_BYTES)
      return Promise.reject(overloaded());
    return new Promise((resolve, reject) => {
      this.enqueue({ submission, key, resolve, reject });
      this.dispatch();
    });
  }

  private enqueue(request: Omit<Queued, 'timer'>): void {
    const queued: Queued = {
      ...request,
      timer: setTimeout(() => {
        this.rejectQueued(queued);
      }, MAX_WAIT_MS),
    };
    this.queue.push(queued);
    this.queuedBytes += queued.submission.sealed.length;
  }

  private rejectQueued(queued: Queued): void {
    this.queue.splice(this.queue.indexOf(queued), 1);
    this.queuedBytes -= queued.submission.sealed.length;
    queued.reject(overloaded());
  }

  private dispatch(): void {
    if (this.running >= MAX_BATCHES || this.queue.length === 0) return;
    const batch = this.takeBatch();
    this.running++;
    let hangs = false;
    const timer = setTimeout(() => {
      if (this.hanging >= MAX_HANGING) return;
      hangs = true;
      this.hanging++;
      this.running--;
      this.dispatch();
    }, PATIENCE_MS);
    void this.commit(batch).finally(() => {
      clearTimeout(timer);
      if (hangs) this.hanging--;
      else this.running--;
      this.dispatch();
    });
  }

  /**
   * Returns the next batch, in order of arrival. Two messages with the same id, key, nullifier or status hash go into different batches.
   */
  private takeBatch(): Queued[] {
    const batch: Queued[] = [];
    const left: Queued[] = [];
    const names = new Set<string>();
    let bytes = 0;
    for (const queued of this.queue) {
      const own = namesOf(queued);
      const size = queued.submission.sealed.length;
      const fits =
        batch.length === 0 ||
        (batch.length < MAX_MESSAGES && bytes + size <= MAX_BYTES && !own.some((name) => names.has(name)));
      if (!fits) {
        left.push(queued);
        continue;
      }
      clearTimeout(queued.timer);
      batch.push(queued);
      for (const name of own) names.add(name);
      bytes += size;
    }
    this.queue = left;
    this.queuedBytes -= bytes;
    return batch;
  }

  private async commit(batch: readonly Queued[]): Promise<void> {
    const terms = this.budget.termsAt(new Date());
    const { now } = terms;
    let outcomes: Outcome[];
    try {
      outcomes = await acceptMessages(this.database, batch, terms);
    } catch (error) {
      // An unexpected error is probably caused by one message. Each message is tried by itself, so that the others do not fail.
      if (batch.length > 1 && !(error instanceof ProblemError)) for (const queued of batch) await this.commit([queued]);
      else for (const { reject } of batch) reject(error);
      return;
    }
    const beyondThreshold: Queued[] = [];
    for (const [at, queued] of batch.entries()) {
      const result = outcomes[at];
      if (result === undefined) queued.reject(new Error('accept_messages returned too few outcomes'));
      else if (result.outcome === 'threshold_reached') beyondThreshold.push(queued);
      else this.answer(queued, result, now);
    }
    if (beyondThreshold.length > 0) await this.stopSpending(beyondThreshold, now);
  }

  private answer(queued: Queued, result: AnsweredOutcome, now: Date): void {
    switch (result.outcome) {
      case 'accepted':
      case 'resealed':
        queued.resolve(result);
        break;
      case 'duplicate':
        queued.resolve(null);
        break;
      case 'gone':
        this.enqueue(queued);
        break;
      case 'status_hash_taken':
        queued.reject(
          new ProblemError('message_id_taken', { detail: 'The status secret was used for another message.' }),
        );
        break;
      case 'already_sent':
      case 'idempotency_key_reused':
      case 'message_id_taken':
        queued.reject(new ProblemError(result.outcome));
        break;
      case 'user_daily_limit_reached':
      case 'daily_messages_reached':
      case 'fair_share_reached':
      case 'system_hourly_limit_reached':
      case 'system_daily_limit_reached':
      case 'emergency_stop':
        queued.reject(this.refused(result.outcome, queued, now));
        break;
      default:
        // The database's function is newer than this gateway.
        queued.reject(new Error('accept_messages returned an outcome that is not known here'));
    }
  }

  private refused(code: BudgetRefusal, { key }: Queued, now: Date): ProblemError {
    this.refusals.remember(code, key?.owner ?? null, now);
    return budgetProblem(code, now);
  }

  /** Raises the stop in a separate transaction, because the batch's accepted messages are already committed. */
  private async stopSpending(refused: readonly Queued[], now: Date): Promise<void> {
    try {
      await this.emergencyStop.raise('the threshold of the UTC day was spent');
      for (const queued of refused) queued.reject(this.refused('emergency_stop', queued, now));
    } catch (error) {
      for (const { reject } of refused) reject(error);
    }
  }
}

/** The values that must be unique within a batch. */
function namesOf({ submission, key }: AcceptanceRequest): string[] {
  const { messageId, proof } = submission;
  return [
    messageId,
    ...(key === null ? [] : [`${key.owner} ${key.key}`]),
    ...(proof === null ? [] : [`nullifier ${toHex(proof.nullifier)}`, `status ${toHex(proof.statusSha256)}`]),
  ];
}

function overloaded(): ProblemError {
  return new ProblemError('overloaded', {
    retryAfterSeconds: RETRY_AFTER_SECONDS + Math.floor(Math.random() * (RETRY_SPREAD_SECONDS + 1)),
  });
}
