import type { Usage } from '@communique-tee/protocol';
import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/database';
import type { AgentReservation } from '../../core/database/generated/client';
import type { Windows } from '../budget/windows';

export interface AttemptId {
  readonly requestId: string;
  readonly attempt: 1 | 2;
}

export interface AttemptToReserve extends AttemptId, Windows {
  readonly owner: string;
  /** 32 bytes. */
  readonly requestSha256: Uint8Array;
  /** 16 bytes. */
  readonly keyId: Uint8Array;
  /** The attested module id of the enclave that gets the task. */
  readonly enclave: string;
  readonly modelClass: string;
  readonly provider: string;
  readonly model: string;
  readonly amountMicroUsd: bigint;
  readonly priceVersion: string;
  readonly now: Date;
  readonly deadlineAt: Date;
  readonly userDayCapMicroUsd: bigint;
  readonly systemHourCapMicroUsd: bigint;
  readonly systemDayCapMicroUsd: bigint;
}

/** prisma/sql/agent_calls.sql defines each outcome. */
export type ReserveOutcome =
  | 'accepted'
  | 'known'
  | 'message_id_taken'
  | 'outcome_unknown'
  | 'model_off'
  | 'task_running'
  | 'emergency_stop'
  | 'user_daily_limit_reached'
  | 'system_hourly_limit_reached'
  | 'threshold_reached'
  | 'system_daily_limit_reached'
  | 'agent_share_reached';

export type AttemptState = AgentReservation['state'];

/** How an attempt ends. Amounts are micro-dollars. */
export type AttemptEnd =
  | { readonly state: 'released' }
  | {
      readonly state: 'settled';
      readonly spentMicroUsd: bigint;
      readonly end: string;
      /** The usage statement, a JWS. */
      readonly statement: string;
      readonly usage: Usage | null;
      /** Switches off this model of the attempt's provider; `*` switches off all models of the provider. */
      readonly off: { readonly model: string; readonly why: 'above_reservation' | 'free_tier' } | null;
    };

/** Reserves, dispatches and ends attempts, with their money in the budget's windows. Each method is one transaction. */
@Injectable()
export class AgentLedger {
  constructor(private readonly database: Database) {}

  /** @throws ProblemError `database_unavailable` (the attempt may or may not have been reserved) | `overloaded` */
  async reserve(attempt: AttemptToReserve): Promise<ReserveOutcome> {
    const [row] = await this.database.statement<{ outcome: ReserveOutcome }>(
      'reserve_agent_call',
      `SELECT reserve_agent_call(${placeholders(18)}) AS outcome`,
      [
        attempt.requestId,
        attempt.attempt,
        attempt.owner,
        attempt.requestSha256,
        attempt.keyId,
        attempt.enclave,
        attempt.modelClass,
        attempt.provider,
        attempt.model,
        attempt.amountMicroUsd,
        attempt.priceVersion,
        attempt.now,
        attempt.hour,
        attempt.day,
        attempt.deadlineAt,
        attempt.userDayCapMicroUsd,
        attempt.systemHourCapMicroUsd,
        attempt.systemDayCapMicroUsd,
      ],
    );
    if (row === undefined) throw new Error('reserve_agent_call returned no row');
    return row.outcome;
  }

  /**
   * Records that the bytes are about to leave; call it before sending them. A stop that was committed earlier prevents the dispatch.
   * @returns `emergency_stop`: the attempt was released; `ended`: the attempt had ended before
   * @throws ProblemError `database_unavailable` | `overloaded`
   */
  async dispatch({ requestId, attempt }: AttemptId, now: Date): Promise<'dispatched' | 'emergency_stop' | 'ended'> {
    const [row] = await this.database.statement<{ outcome: 'dispatched' | 'emergency_stop' | 'ended' }>(
      'dispatch_agent_call',
      'SELECT dispatch_agent_call($1, $2, $3) AS outcome',
      [requestId, attempt, now],
    );
    if (row === undefined) throw new Error('dispatch_agent_call returned no row');
    return row.outcome;
  }

  /**
   * Runs `work`. Until `work` ends, no emergency stop can be committed, and one of the pool's connections is occupied: `work` must be short.
   * @returns null if spending is stopped; `work` was then not begun
   * @throws ProblemError `database_unavailable` | `overloaded`, and what `work` throws
   */
  unlessStopped<T>(work: () => Promise<T>): Promise<{ readonly result: T } | null> {
    let begun: Promise<T> | undefined;
    return this.database.transaction(async (transaction) => {
      const [{ stopped }] = await transaction.$queryRaw<[{ stopped: boolean }]>`SELECT spending_stopped() AS stopped`;
      if (stopped) return null;
      // The database may run this function again; `work` must run only once.
      begun ??= work();
      return { result: await begun };
    });
  }

  /**
   * Undoes the dispatch of an attempt that the enclave refused before any byte left for a provider. The attempt can be dispatched again.
   */
  async undispatch({ requestId, attempt }: AttemptId): Promise<void> {
    await this.database.read((client) =>
      client.agentReservation.updateMany({
        where: { requestId, attempt, state: 'reserved' },
        data: { dispatchedAt: null },
      }),
    );
  }

  /**
   * @returns the attempt's previous state, which tells whether anything changed (prisma/sql/agent_calls.sql); null if there is no such
   * attempt
   * @throws ProblemError `database_unavailable` | `overloaded`
   */
  async end({ requestId, attempt }: AttemptId, end: AttemptEnd, now: Date): Promise<AttemptState | null> {
    const settled = end.state === 'settled' ? end : null;
    const [row] = await this.database.statement<{ before: AttemptState | null }>(
      'end_agent_call',
      `SELECT end_agent_call(${placeholders(10)}) AS before`,
      [
        requestId,
        attempt,
        end.state,
        settled?.spentMicroUsd ?? 0n,
        now,
        settled?.end ?? null,
        settled?.statement ?? null,
        settled === null || settled.usage === null ? null : tokensOf(settled.usage),
        settled?.off?.model ?? null,
        settled?.off?.why ?? null,
      ],
    );
    return row?.before ?? null;
  }

  /**
   * Releases an attempt that was not dispatched before its deadline. The row is checked again under its lock, because another gateway may
   * have released the attempt and reserved it anew meanwhile.
   * @throws ProblemError `database_unavailable` | `overloaded`
   */
  async releaseUnsent({ requestId, attempt }: AttemptId, now: Date): Promise<void> {
    await this.database.statement(
      'release_unsent_agent_call',
      `SELECT end_agent_call(request_id, attempt, 'released', 0, $3, NULL, NULL, NULL, NULL, NULL) FROM (
        SELECT request_id, attempt FROM agent_reservation
        WHERE request_id = $1 AND attempt = $2 AND state = 'reserved' AND dispatched_at IS NULL AND deadline_at <= $3 FOR UPDATE) AS unsent`,
      [requestId, attempt, now],
    );
  }

  /** Ends one attempt whose deadline was before `overdue`. @returns how it ended; null if there is no such attempt */
  async endOverdue(overdue: Date, now: Date): Promise<'charged' | 'released' | null> {
    const [row] = await this.database.statement<{ ended: 'charged' | 'released' | null }>(
      'end_overdue_agent_call',
      'SELECT end_overdue_agent_call($1, $2) AS ended',
      [overdue, now],
    );
    return row?.ended ?? null;
  }

  /** All attempts at a task, in order. @throws ProblemError `database_unavailable` | `overloaded` */
  attemptsOf(requestId: string): Promise<AgentReservation[]> {
    return this.database.read((client) =>
      client.agentReservation.findMany({ where: { requestId }, orderBy: { attempt: 'asc' } }),
    );
  }

  /** @throws ProblemError `database_unavailable` | `overloaded` */
  find({ requestId, attempt }: AttemptId): Promise<AgentReservation | null> {
    return this.database.read((client) =>
      client.agentReservation.findUnique({ where: { requestId_attempt: { requestId, attempt } } }),
    );
  }
}

function placeholders(count: number): string {
  return Array.from({ length: count }, (_, at) => `$${String(at + 1)}`).join(', ');
}

/** The token counts in the order that end_agent_call expects. */
function tokensOf(usage: Usage): number[] {
  return [usage.input, usage.cached, usage.cacheWrittenShort, usage.cacheWrittenLong, usage.output, usage.thinking];
}
