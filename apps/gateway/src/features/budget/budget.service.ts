import { Inject, Injectable, Optional } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Database, type Transaction } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import { BudgetCopies } from './budget-copies';
import type { BudgetRefusal, CapReached, ForeseenRefusal } from './cached-refusals';
import { BudgetMetrics } from './budget-metrics';
import { EmergencyStop, ThresholdCrossed } from './emergency-stop';
import { prices } from '../../core/config/prices';
import { endOfDay, endOfHour, secondsUntil, windowsOf } from './windows';

export interface ReserveRequest {
  readonly owner: string;
  readonly messageId: string;
  /** The most it can cost. */
  readonly amountMicroUsd: bigint;
  readonly now: Date;
}

export interface SettleRequest {
  readonly messageId: string;
  readonly actualMicroUsd: bigint;
  readonly now: Date;
}

export interface WindowState {
  readonly startsAt: Date;
  readonly resetsAt: Date;
  readonly capMicroUsd: bigint;
  readonly reservedMicroUsd: bigint;
  readonly spentMicroUsd: bigint;
}

export interface BudgetState {
  /** Whether an emergency stop stands: nothing is spent until an operator clears it. */
  readonly stopped: boolean;
  readonly stoppedSince: Date | null;
  readonly hour: WindowState;
  readonly day: WindowState;
}

/** How long a client waits before it asks whether an operator has cleared the stop. */
const STOP_RETRY_AFTER_SECONDS = 900;

/** Reserve before, settle after; README.md beside this file says what is guaranteed. Amounts are micro-dollars. */
@Injectable()
export class BudgetService {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    private readonly database: Database,
    private readonly emergencyStop: EmergencyStop,
    private readonly metrics: BudgetMetrics,
    @Optional() private readonly copies?: BudgetCopies,
  ) {}

  /** What a reservation made at `now` is held against, for whoever reserves many at once (function accept_messages). */
  termsAt(now: Date) {
    return { ...windowsOf(now), ...this.config.budget, priceVersion: prices.version };
  }

  /**
   * Promises `amountMicroUsd` for a message within all three caps, or throws and leaves the transaction to be rolled back. Call it
   * last: from here to the commit the system's rows are locked and an emergency stop waits (function spending_stopped). Locks are taken stop,
   * user, hour, day: always in that order.
   * @throws ProblemError `emergency_stop` | `user_daily_limit_reached` | `system_hourly_limit_reached`
   * @throws ThresholdCrossed where the day's threshold would be passed: run the transaction within `stopOnThreshold`
   */
  async reserve(transaction: Transaction, { owner, messageId, amountMicroUsd, now }: ReserveRequest): Promise<void> {
    if (amountMicroUsd < 0n) throw new RangeError('an amount is not negative');
    const { budget } = this.config;
    const { hour, day } = windowsOf(now);
    await transaction.reservation.create({
      data: { messageId, owner, reservedMicroUsd: amountMicroUsd, reservedAt: now, priceVersion: prices.version },
    });
    // Each step reads the one before it, so that PostgreSQL takes the rows in this order and stops at the first that is full.
    const [taken] = await transaction.$queryRaw<
      [{ stopped: boolean; userDay: boolean; systemHour: boolean; systemDay: boolean }]
    >`
      WITH stop AS MATERIALIZED (SELECT 1 WHERE spending_stopped()),
      user_day AS (
        INSERT INTO budget_window AS w (scope, subject, starts_at, reserved_micro_usd)
        SELECT 'user_day', ${owner}, ${day}, ${amountMicroUsd}::bigint
        WHERE NOT EXISTS (SELECT FROM stop) AND ${amountMicroUsd}::bigint <= ${budget.userDayCapMicroUsd}::bigint
        ON CONFLICT (scope, subject, starts_at) DO UPDATE SET reserved_micro_usd = w.reserved_micro_usd + EXCLUDED.reserved_micro_usd
        WHERE w.reserved_micro_usd + w.spent_micro_usd + EXCLUDED.reserved_micro_usd <= ${budget.userDayCapMicroUsd}::bigint
        RETURNING 1),
      system_hour AS (
        INSERT INTO budget_window AS w (scope, subject, starts_at, reserved_micro_usd)
        SELECT 'system_hour', '', ${hour}, ${amountMicroUsd}::bigint FROM user_day
        WHERE ${amountMicroUsd}::bigint <= ${budget.systemHourCapMicroUsd}::bigint
        ON CONFLICT (scope, subject, starts_at) DO UPDATE SET reserved_micro_usd = w.reserved_micro_usd + EXCLUDED.reserved_micro_usd
        WHERE w.reserved_micro_usd + w.spent_micro_usd + EXCLUDED.reserved_micro_usd <= ${budget.systemHourCapMicroUsd}::bigint
        RETURNING 1),
      system_day AS (
        INSERT INTO budget_window AS w (scope, subject, starts_at, reserved_micro_usd)
        SELECT 'system_day', '', ${day}, ${amountMicroUsd}::bigint FROM system_hour
        WHERE ${amountMicroUsd}::bigint <= ${budget.systemDayCapMicroUsd}::bigint
        ON CONFLICT (scope, subject, starts_at) DO UPDATE SET reserved_micro_usd = w.reserved_micro_usd + EXCLUDED.reserved_micro_usd
        WHERE w.reserved_micro_usd + w.spent_micro_usd + EXCLUDED.reserved_micro_usd <= ${budget.systemDayCapMicroUsd}::bigint
        RETURNING 1)
      SELECT EXISTS (SELECT FROM stop) AS "stopped", EXISTS (SELECT FROM user_day) AS "userDay",
             EXISTS (SELECT FROM system_hour) AS "systemHour", EXISTS (SELECT FROM system_day) AS "systemDay"`;
    if (taken.stopped) throw this.stopped(now);
    if (!taken.userDay) throw this.full('user_daily_limit_reached', owner, now);
    if (!taken.systemHour) throw this.full('system_hourly_limit_reached', owner, now);
    if (!taken.systemDay) throw new ThresholdCrossed();
  }

  /** What PostgreSQL said a moment ago, while that counts. @returns the same refusal as it would give, or null: ask it */
  foreseen(foreseen: ForeseenRefusal | null, now: Date): ProblemError | null {
    return foreseen !== null && performance.now() < foreseen.untilMs ? refusalOf(foreseen.code, now) : null;
  }

  /**
   * Runs a transaction that reserves. Where it would have crossed the day's threshold, it is rolled back, the stop is raised in a
   * transaction of its own, and the answer is `emergency_stop`.
   */
  async stopOnThreshold<T>(spend: () => Promise<T>): Promise<T> {
    try {
      return await spend();
    } catch (error) {
      if (!(error instanceof ThresholdCrossed)) throw error;
      await this.emergencyStop.raise('the threshold of the UTC day was reached');
      throw this.stopped(new Date());
    }
  }

  /**
   * Replaces the promise by what it came to, in the windows it was made in. A second call changes nothing.
   * @returns false where there was nothing open to settle
   */
  async settle(transaction: Transaction, { messageId, actualMicroUsd, now }: SettleRequest): Promise<boolean> {
    if (actualMicroUsd < 0n) throw new RangeError('an amount is not negative');
    const [open] = await transaction.$queryRaw<{ owner: string; reserved: bigint; reservedAt: Date }[]>`
      UPDATE reservation SET state = 'settled', settled_micro_usd = ${actualMicroUsd}::bigint, settled_at = ${now}
      WHERE message_id = ${messageId}::uuid AND state = 'reserved'
      RETURNING owner, reserved_micro_usd AS "reserved", reserved_at AS "reservedAt"`;
    if (open === undefined) return false;
    const { hour, day } = windowsOf(open.reservedAt);
    // One statement each, in the order in which reserve takes them.
    for (const [scope, subject, startsAt] of [
      ['user_day', open.owner, day],
      ['system_hour', '', hour],
      ['system_day', '', day],
    ] as const) {
      const changed = await transaction.$executeRaw`
        UPDATE budget_window SET reserved_micro_usd = reserved_micro_usd - ${open.reserved}::bigint, spent_micro_usd = spent_micro_usd + ${actualMicroUsd}::bigint
        WHERE scope = ${scope}::"BudgetScope" AND subject = ${subject} AND starts_at = ${startsAt}`;
      if (changed !== 1) throw new Error('a reservation counts in no window');
    }
    this.metrics.reservationSettled();
    return true;
  }

  /** For health: the system's windows of now. @throws ProblemError `database_unavailable` */
  async state(now = new Date()): Promise<BudgetState> {
    const { hour, day } = windowsOf(now);
    const { budget } = this.config;
    const [stop, rows] = await Promise.all([
      this.emergencyStop.standing(),
      this.database.read((client) =>
        client.budgetWindow.findMany({
          where: {
            subject: '',
            OR: [
              { scope: 'system_hour', startsAt: hour },
              { scope: 'system_day', startsAt: day },
            ],
          },
        }),
      ),
    ]);
    const of = (scope: 'system_hour' | 'system_day') => rows.find((row) => row.scope === scope);
    return {
      stopped: stop !== null,
      stoppedSince: stop?.raisedAt ?? null,
      hour: {
        startsAt: hour,
        resetsAt: endOfHour(now),
        capMicroUsd: budget.systemHourCapMicroUsd,
        ...amounts(of('system_hour')),
      },
      day: {
        startsAt: day,
        resetsAt: endOfDay(now),
        capMicroUsd: budget.systemDayCapMicroUsd,
        ...amounts(of('system_day')),
      },
    };
  }

  /** One caller's UTC day. @throws ProblemError `database_unavailable` */
  async dayOf(owner: string, now = new Date()): Promise<WindowState> {
    const { day } = windowsOf(now);
    const row = await this.database.read((client) =>
      client.budgetWindow.findUnique({
        where: { scope_subject_startsAt: { scope: 'user_day', subject: owner, startsAt: day } },
      }),
    );
    return {
      startsAt: day,
      resetsAt: endOfDay(now),
      capMicroUsd: this.config.budget.userDayCapMicroUsd,
      ...amounts(row),
    };
  }

  private stopped(now: Date): ProblemError {
    this.copies?.rememberStop();
    return refusalOf('emergency_stop', now);
  }

  private full(code: CapReached, owner: string, now: Date): ProblemError {
    this.copies?.rememberFull(code, owner, now);
    return refusalOf(code, now);
  }
}

function refusalOf(code: BudgetRefusal, now: Date): ProblemError {
  const retryAfterSeconds = {
    emergency_stop: STOP_RETRY_AFTER_SECONDS,
    user_daily_limit_reached: secondsUntil(endOfDay(now), now),
    system_hourly_limit_reached: secondsUntil(endOfHour(now), now),
  };
  return new ProblemError(code, { retryAfterSeconds: retryAfterSeconds[code] });
}

function amounts(row: { reservedMicroUsd: bigint; spentMicroUsd: bigint } | null | undefined) {
  return { reservedMicroUsd: row?.reservedMicroUsd ?? 0n, spentMicroUsd: row?.spentMicroUsd ?? 0n };
}
