import { Inject, Injectable } from '@nestjs/common';
import { BudgetService } from '../budget/budget.service';
import { costOfCopies } from '@communique-tee/gateway-environment';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Database, type Transaction } from '../../core/database/database';
import type { Cost, Decision } from './decision';
import type { LeasedJob } from './leased-job';
import { JoinedBytes } from './joined-bytes';
import { copiesSent } from './outcomes';
import { DISPATCH, END, leaseStatement, type DueJobs } from './queue-statements';
import { WriteGroups } from './write-groups';

/**
 * Which due jobs to lease. Expired jobs end without a relay. `keyIds`: jobs sealed to one of these keys (hex). `otherThan`: jobs sealed to
 * any other key.
 */
export type Leasable =
  'any' | 'expired' | { readonly keyIds: readonly string[] } | { readonly otherThan: readonly string[] };

type EndDecision = Extract<Decision, { kind: 'end' }>;

interface EndOfJob {
  readonly job: LeasedJob;
  readonly decision: EndDecision;
}

interface EndedJob {
  readonly relayed: boolean;
  readonly proven: boolean;
  /**
   * `reservedMicroUsd` and `reservedAt` are null if the message has no price, or has an owner: then the reservation is in the ledger.
   */
  readonly reservedMicroUsd: bigint | null;
  readonly reservedAt: Date | null;
}

/** Limits the cost of counting, because every request for health counts. */
const MAX_COUNTED = 100_000;

export interface QueueState {
  /** Messages that have not ended, counted up to 100,000. */
  readonly waiting: number;
  /** For how long the oldest due job has waited for a worker, in milliseconds; 0 if no job is due. */
  readonly overdueMs: number;
}

/**
 * The queue in PostgreSQL. Due times and leases use the database's clock, so that workers on several machines agree. Each write names its
 * lease, and has no effect if another worker has taken the job since.
 */
@Injectable()
export class DeliveryQueue {
  private readonly leaseMs: number;
  private readonly dispatches = new WriteGroups((jobs: readonly LeasedJob[]) => this.dispatchAll(jobs));
  private readonly ends = new WriteGroups((ends: readonly EndOfJob[]) => this.endAll(ends));

  constructor(
    @Inject(GATEWAY_CONFIG) config: Pick<GatewayConfig, 'delivery'>,
    private readonly database: Database,
    private readonly budget: BudgetService,
  ) {
    this.leaseMs = config.delivery.leaseMs;
  }

  /**
   * Leases up to `limit` due jobs, including those whose lease ran out.
   * @throws ProblemError `database_unavailable`
   */
  async lease(limit: number, leaseOwner: string, what: Leasable): Promise<LeasedJob[]> {
    const [which, ...keys] = dueJobsOf(what);
    if (which === null) return [];
    const jobs = await this.database.statement<LeasedJob>(`lease_${which}`, leaseStatement(which), [
      limit,
      leaseOwner,
      this.leaseMs,
      ...keys,
    ]);
    return jobs.map((job) => ({
      ...job,
      sealed: bytesOf(job.sealed),
      keyId: bytesOf(job.keyId),
      sealedSha256: bytesOf(job.sealedSha256),
    }));
  }

  /**
   * Commits that the bytes are about to be sent, and renews the lease.
   * @returns false if the worker has lost the lease; then it must not send
   * @throws ProblemError `database_unavailable`
   */
  dispatch(job: LeasedJob): Promise<boolean> {
    return this.dispatches.add(job);
  }

  /**
   * Returns the job to the queue for a later attempt, with the interim receipt if there is one.
   * @returns false if another worker has the job
   * @throws ProblemError `database_unavailable`
   */
  async retry(job: LeasedJob, decision: Extract<Decision, { kind: 'retry' }>, delayMs: number): Promise<boolean> {
    const { answer } = decision;
    const changed = await this.database.read(
      (client) => client.$executeRaw`
      WITH job AS (
        UPDATE delivery_job SET lease_owner = NULL, lease_until = NULL,
          next_attempt_at = least(now() + ${delayMs}::bigint * interval '1 millisecond', expires_at),
          dispatched_at = CASE WHEN ${decision.dispatchStands}::boolean THEN dispatched_at END,
          relayed = relayed AND (${job.relayedBefore}::boolean OR NOT ${decision.nothingSent === true}::boolean)
        WHERE message_id = ${job.messageId}::uuid AND lease_owner = ${job.leaseOwner}
        RETURNING message_id)
      UPDATE message SET status = 'queued', reason = ${decision.reason}, attempts = attempts - ${decision.uncounted === true ? 1 : 0}::int,
        receipt = coalesce(${answer?.receipt ?? null}::text, receipt),
        attestation_document = coalesce(${answer?.attestationDocument ?? null}::bytea, attestation_document),
        sealed_answer = coalesce(${answer?.answer ?? null}::bytea, sealed_answer)
      FROM job WHERE id = job.message_id`,
    );
    return changed === 1;
  }

  /**
   * Returns an unsent job to the queue, as if it had not been leased.
   * @throws ProblemError `database_unavailable`
   */
  async release({ messageId, leaseOwner }: LeasedJob): Promise<void> {
    await this.database.read(
      (client) => client.$executeRaw`
      WITH job AS (
        UPDATE delivery_job SET lease_owner = NULL, lease_until = NULL
        WHERE message_id = ${messageId}::uuid AND lease_owner = ${leaseOwner}
        RETURNING message_id)
      UPDATE message SET status = 'queued', attempts = attempts - 1 FROM job WHERE id = job.message_id`,
    );
  }

  /**
   * Ends the message in one transaction: deletes job and sealed bytes, writes receipt and status, frees or keeps the nullifier, and settles
   * the budget. Afterwards no worker can send the message.
   *
   * The nullifier is freed in two cases: no byte of the message ever left a gateway; or a verified receipt shows that every office refused
   * the message, and every earlier attempt was answered. Other answers are not signed, so they do not free it.
   * @returns false if another worker has the job, or has ended it
   * @throws ProblemError `database_unavailable`. The end may have been written; the caller can call `end` again
   */
  end(job: LeasedJob, decision: EndDecision): Promise<boolean> {
    return job.priced ? this.endPriced(job, decision) : this.ends.add({ job, decision });
  }

  private async dispatchAll(jobs: readonly LeasedJob[]): Promise<boolean[]> {
    const dispatched = await this.database.statement<{ id: string }>('dispatch_jobs', DISPATCH, [
      jobs.map(({ messageId }) => messageId),
      jobs.map(({ leaseOwner }) => leaseOwner),
      this.leaseMs,
    ]);
    return areIn(jobs, dispatched);
  }

  private async endAll(ends: readonly EndOfJob[]): Promise<boolean[]> {
    const bytes = new JoinedBytes();
    const documents = ends.map(({ decision }) => bytes.add(decision.answer?.attestationDocument));
    const answers = ends.map(({ decision }) => bytes.add(decision.answer?.answer));
    const ended = await this.database.statement<{ id: string }>('end_messages', END, [
      ends.map(({ job }) => job.messageId),
      ends.map(({ job }) => job.leaseOwner),
      ends.map(({ decision }) => decision.status),
      ends.map(({ decision }) => decision.reason),
      ends.map(({ decision }) => decision.answer?.receipt ?? null),
      bytes.joined(),
      documents.map((part) => part?.start ?? null),
      documents.map((part) => part?.length ?? null),
      answers.map((part) => part?.start ?? null),
      answers.map((part) => part?.length ?? null),
      ends.map(({ job, decision }) => decision.allRefused === true && !job.dispatchedBefore),
    ]);
    return areIn(
      ends.map(({ job }) => job),
      ended,
    );
  }

  private endPriced(
    { messageId, leaseOwner, dispatchedBefore }: LeasedJob,
    { status, reason, cost, answer, allRefused }: EndDecision,
  ): Promise<boolean> {
    return this.database.transaction(async (transaction) => {
      const [ended] = await transaction.$queryRaw<EndedJob[]>`
        WITH job AS (
          DELETE FROM delivery_job WHERE message_id = ${messageId}::uuid AND lease_owner = ${leaseOwner}
          RETURNING message_id, relayed, reserved_micro_usd, reserved_at)
        UPDATE message SET status = ${status}::"MessageStatus", reason = ${reason}, ended_at = now(),
          receipt = coalesce(${answer?.receipt ?? null}::text, receipt),
          attestation_document = coalesce(${answer?.attestationDocument ?? null}::bytea, attestation_document),
          sealed_answer = coalesce(${answer?.answer ?? null}::bytea, sealed_answer)
        FROM job WHERE id = job.message_id
        RETURNING relayed, status_sha256 IS NOT NULL AS proven, reserved_micro_usd AS "reservedMicroUsd", reserved_at AS "reservedAt"`;
      if (ended === undefined) return false;
      const { relayed, proven, reservedMicroUsd, reservedAt } = ended;
      if (proven && (!relayed || (allRefused === true && !dispatchedBefore)))
        await transaction.$executeRaw`DELETE FROM nullifier WHERE message_id = ${messageId}::uuid`;
      else if (proven)
        await transaction.$executeRaw`UPDATE nullifier SET message_id = NULL WHERE message_id = ${messageId}::uuid`;
      if (reservedMicroUsd !== null && reservedAt !== null) {
        await this.budget.settleUnowned(
          transaction,
          { reservedMicroUsd, reservedAt },
          amountOf(cost, reservedMicroUsd),
        );
      } else {
        await this.settle(transaction, messageId, cost);
      }
      return true;
    });
  }

  /** @throws ProblemError `database_unavailable` */
  async state(): Promise<QueueState> {
    const [state] = await this.database.read(
      (client) => client.$queryRaw<[{ waiting: number; overdueMs: number }]>`
      SELECT (SELECT count(*) FROM (SELECT FROM delivery_job LIMIT ${MAX_COUNTED}::int) AS jobs)::int AS waiting,
             coalesce((SELECT extract(epoch FROM now() - next_attempt_at) * 1000 FROM delivery_job
                       WHERE next_attempt_at <= now() AND (lease_until IS NULL OR lease_until <= now())
                       ORDER BY next_attempt_at LIMIT 1), 0)::float8 AS "overdueMs"`,
    );
    return { waiting: state.waiting, overdueMs: Math.round(state.overdueMs) };
  }

  /** A message that was accepted without a price has no reservation. */
  private async settle(transaction: Transaction, messageId: string, cost: Cost): Promise<void> {
    const open = await transaction.reservation.findFirst({
      where: { messageId, state: 'reserved' },
      select: { reservedMicroUsd: true },
    });
    if (open === null) return;
    const actualMicroUsd = amountOf(cost, open.reservedMicroUsd);
    await this.budget.settle(transaction, { messageId, actualMicroUsd, now: new Date() });
  }
}

function amountOf(cost: Cost, reservedMicroUsd: bigint): bigint {
  return cost === 'reservation' ? reservedMicroUsd : costOfCopies(copiesSent(cost.copies), reservedMicroUsd);
}

function dueJobsOf(what: Leasable): readonly [DueJobs, ...(Buffer | Buffer[])[]] | readonly [null] {
  if (what === 'any' || what === 'expired') return [what];
  if ('otherThan' in what) return what.otherThan.length === 0 ? ['any'] : ['other_keys', what.otherThan.map(keyOf)];
  const [only, ...more] = what.keyIds.map(keyOf);
  if (only === undefined) return [null];
  return more.length === 0 ? ['one_key', only] : ['some_keys', [only, ...more]];
}

function keyOf(keyId: string): Buffer {
  return Buffer.from(keyId, 'hex');
}

/** Returns a plain Uint8Array over the same memory, because the decoders refuse a Buffer. */
function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function areIn(jobs: readonly LeasedJob[], changed: readonly { readonly id: string }[]): boolean[] {
  const ids = new Set(changed.map(({ id }) => id));
  return jobs.map(({ messageId }) => ids.has(messageId));
}
