import { Inject, Injectable } from '@nestjs/common';
import { BudgetService } from '../budget/budget.service';
import { costOfCopies } from '@communique-tee/gateway-environment';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Database, type Transaction } from '../../core/database/database';
import { Prisma } from '../../core/database/generated/client';
import type { Cost, Decision } from './decision';
import type { LeasedJob } from './leased-job';
import { copiesSent } from './outcomes';

/**
 * Which due jobs to lease: any; those that expired, to end without a relay; those sealed to one of these keys (hex);
 * or those sealed to none of these keys.
 */
export type Leasable =
  'any' | 'expired' | { readonly keyIds: readonly string[] } | { readonly otherThan: readonly string[] };

interface EndedJob {
  readonly relayed: boolean;
  readonly proven: boolean;
  /** Both null for a message with an owner, whose promise is in the ledger, and for one without a price. */
  readonly reservedMicroUsd: bigint | null;
  readonly reservedAt: Date | null;
}

/** Health is asked often and by many: what there is beyond this is not counted. */
const MAX_COUNTED = 100_000;

export interface QueueState {
  /** Messages that have not ended, counted up to 100,000. */
  readonly waiting: number;
  /** How long the longest overdue job has been due without a worker, in milliseconds; 0 if none is. */
  readonly overdueMs: number;
}

/**
 * The queue in PostgreSQL. All times are the database's, so that workers on several machines agree. Each write names
 * its lease and has no effect if another worker has taken the job since.
 */
@Injectable()
export class DeliveryQueue {
  private readonly leaseMs: number;

  constructor(
    @Inject(GATEWAY_CONFIG) config: Pick<GatewayConfig, 'delivery'>,
    private readonly database: Database,
    private readonly budget: BudgetService,
  ) {
    this.leaseMs = config.delivery.leaseMs;
  }

  /**
   * Takes up to `limit` due jobs, those whose lease ran out included.
   * @throws ProblemError `database_unavailable`
   */
  lease(limit: number, leaseOwner: string, what: Leasable): Promise<LeasedJob[]> {
    return this.database.read(
      (client) => client.$queryRaw<LeasedJob[]>`
      WITH due AS (
        ${dueJobs(what, limit)}),
      leased AS (
        UPDATE delivery_job j SET lease_owner = ${leaseOwner}, lease_until = now() + ${this.leaseMs}::int * interval '1 millisecond'
        FROM due WHERE j.message_id = due.message_id
        RETURNING j.message_id, j.sealed, j.key_id, j.lease_owner, j.dispatched_at, j.relayed, j.expires_at <= now() AS expired),
      delivering AS (
        UPDATE message m SET status = 'delivering', attempts = m.attempts + 1
        FROM leased WHERE m.id = leased.message_id
        RETURNING m.id, m.sealed_sha256, m.attempts, m.receipt, m.status_sha256 IS NOT NULL AS proven)
      SELECT id::text AS "messageId", sealed, leased.key_id AS "keyId", sealed_sha256 AS "sealedSha256", lease_owner AS "leaseOwner", attempts AS attempt,
             expired, dispatched_at IS NOT NULL AS "dispatchedBefore", relayed AS "relayedBefore", proven, receipt AS "interimReceipt"
      FROM leased JOIN delivering ON id = message_id`,
    );
  }

  /**
   * Commits that the bytes are about to be sent, and renews the lease.
   * @returns false if the lease is lost: then the caller must not send
   * @throws ProblemError `database_unavailable`
   */
  async dispatch({ messageId, leaseOwner }: LeasedJob): Promise<boolean> {
    const changed = await this.database.read(
      (client) => client.$executeRaw`
      UPDATE delivery_job SET dispatched_at = coalesce(dispatched_at, now()), relayed = true, lease_until = now() + ${this.leaseMs}::int * interval '1 millisecond'
      WHERE message_id = ${messageId}::uuid AND lease_owner = ${leaseOwner} AND lease_until > now()`,
    );
    return changed === 1;
  }

  /**
   * Gives the job back for a later attempt, with the interim receipt where there is one.
   * @returns false where another worker has the job
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
   * Returns a job that was leased and not sent, as if it had not been leased.
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
   * Ends the message in one transaction: job and sealed bytes go, receipt and status are written, its nullifier is
   * freed or kept, the budget is settled.
   *
   * A nullifier is freed if no byte of the message ever left this gateway, or if a verified receipt shows that every
   * office refused it and every earlier attempt was answered. No other answer frees it, because only receipts are
   * signed. Once the job is deleted, no worker can send the message any more.
   * @returns false where another worker has the job, or has ended it
   * @throws ProblemError `database_unavailable`; the end may or may not have been written; the call can be repeated
   */
  end(
    { messageId, leaseOwner, dispatchedBefore }: LeasedJob,
    { status, reason, cost, answer, allRefused }: Extract<Decision, { kind: 'end' }>,
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

  /** For health. @throws ProblemError `database_unavailable` */
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

const DUE = Prisma.sql`next_attempt_at <= now() AND (lease_until IS NULL OR lease_until <= now())`;

function dueJobs(what: Leasable, limit: number): Prisma.Sql {
  const due = (condition: Prisma.Sql) => Prisma.sql`
    SELECT message_id, next_attempt_at FROM delivery_job WHERE ${DUE} AND ${condition} ORDER BY ${orderOf(what)} LIMIT ${limit}::int FOR UPDATE SKIP LOCKED`;
  if (what === 'expired') return due(Prisma.sql`expires_at <= now()`);
  if (what === 'any') return due(Prisma.sql`true`);
  if ('otherThan' in what)
    return due(
      what.otherThan.length === 0 ? Prisma.sql`true` : Prisma.sql`key_id <> ALL (${keyArray(what.otherThan)})`,
    );
  const [only, ...more] = what.keyIds;
  if (only === undefined) return due(Prisma.sql`false`);
  if (more.length === 0) return due(Prisma.sql`key_id = ${Buffer.from(only, 'hex')}::bytea`);
  // Uses the index of each key, one after the other, so that a long backlog of other keys is not read.
  return Prisma.sql`
    SELECT message_id FROM unnest(${keyArray(what.keyIds)}) AS key (id) CROSS JOIN LATERAL (${due(Prisma.sql`key_id = key.id`)}) AS job
    ORDER BY next_attempt_at LIMIT ${limit}::int`;
}

function keyArray(keyIds: readonly string[]): Prisma.Sql {
  return Prisma.sql`ARRAY[${Prisma.join(keyIds.map((keyId) => Buffer.from(keyId, 'hex')))}]::bytea[]`;
}

/** Uses its own index, because a long backlog may contain no expired job. */
function orderOf(what: Leasable): Prisma.Sql {
  return what === 'expired' ? Prisma.sql`expires_at` : Prisma.sql`next_attempt_at`;
}
