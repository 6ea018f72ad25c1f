import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Database, type Transaction } from '../../core/database/database';
import { BudgetMetrics } from './budget-metrics';
import { EmergencyStop } from './emergency-stop';
import { deliveryPriceVersion, highestCostOfMessage } from '@communique-tee/gateway-environment';
import { endOfDay, endOfHour, nullifiersUntil, windowsOf, type Windows } from './windows';

/** The reservation of a message without an owner. The job stores it, not the ledger. */
export interface UnownedReservation {
  readonly reservedMicroUsd: bigint;
  readonly reservedAt: Date;
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

export interface UserDayState extends WindowState {
  readonly messages: number;
  /** null: no limit. */
  readonly messagesLimit: number | null;
  /** Tasks that were begun today. A released task does not count, because nothing was sent to a provider. */
  readonly tasks: number;
}

export interface BudgetState {
  /** Whether an emergency stop applies. */
  readonly stopped: boolean;
  readonly stoppedSince: Date | null;
  /** The most that a message can cost; one micro-dollar if delivery is free. A window with less left is full. */
  readonly leastMicroUsd: bigint;
  readonly hour: WindowState;
  readonly day: WindowState;
}

/** Settles the reservations of the SQL function accept_messages. README.md beside this file has the guarantees. */
@Injectable()
export class BudgetService {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    private readonly database: Database,
    private readonly emergencyStop: EmergencyStop,
    private readonly metrics: BudgetMetrics,
  ) {}

  /** Windows, caps and price for a message accepted at `now`, and how long its nullifier is kept. */
  termsAt(now: Date) {
    const { deliveryPriceMicroUsd, ...caps } = this.config.budget;
    return {
      now,
      ...windowsOf(now),
      nullifiersUntil: nullifiersUntil(now),
      ...caps,
      amountMicroUsd: highestCostOfMessage(deliveryPriceMicroUsd),
      priceVersion: deliveryPriceVersion(deliveryPriceMicroUsd),
    };
  }

  /**
   * Books the cost in place of the reservation, in the reservation's windows. A second call has no effect.
   * @returns false if there was no open reservation
   */
  async settle(transaction: Transaction, { messageId, actualMicroUsd, now }: SettleRequest): Promise<boolean> {
    if (actualMicroUsd < 0n) throw new RangeError('an amount must not be negative');
    const [open] = await transaction.$queryRaw<{ owner: string; reserved: bigint; reservedAt: Date }[]>`
      UPDATE reservation SET state = 'settled', settled_micro_usd = ${actualMicroUsd}::bigint, settled_at = ${now}
      WHERE message_id = ${messageId}::uuid AND state = 'reserved'
      RETURNING owner, reserved_micro_usd AS "reserved", reserved_at AS "reservedAt"`;
    if (open === undefined) return false;
    await this.settleIn(transaction, windowsOf(open.reservedAt), open.owner, open.reserved, actualMicroUsd);
    return true;
  }

  /**
   * Books the cost of a message without an owner in place of its reservation. Call it once, in the transaction that deletes the job.
   */
  async settleUnowned(
    transaction: Transaction,
    { reservedMicroUsd, reservedAt }: UnownedReservation,
    actualMicroUsd: bigint,
  ): Promise<void> {
    if (actualMicroUsd < 0n) throw new RangeError('an amount must not be negative');
    await this.settleIn(transaction, windowsOf(reservedAt), null, reservedMicroUsd, actualMicroUsd);
  }

  private async settleIn(
    transaction: Transaction,
    { hour, day }: Windows,
    owner: string | null,
    reservedMicroUsd: bigint,
    actualMicroUsd: bigint,
  ): Promise<void> {
    // In the order in which accept_messages locks the windows.
    for (const [scope, subject, startsAt] of [
      ...(owner === null ? [] : [['user_day', owner, day] as const]),
      ['system_hour', '', hour] as const,
      ['system_day', '', day] as const,
    ]) {
      const changed = await transaction.$executeRaw`
        UPDATE budget_window SET reserved_micro_usd = reserved_micro_usd - ${reservedMicroUsd}::bigint, spent_micro_usd = spent_micro_usd + ${actualMicroUsd}::bigint
        WHERE scope = ${scope}::"BudgetScope" AND subject = ${subject} AND starts_at = ${startsAt}`;
      if (changed !== 1) throw new Error('a reservation counts in no window');
    }
    this.metrics.reservationSettled();
  }

  /** @throws ProblemError `database_unavailable` */
  async state(now = new Date()): Promise<BudgetState> {
    const { hour, day } = windowsOf(now);
    const { budget } = this.config;
    const [stop, rows] = await Promise.all([
      this.emergencyStop.current(),
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
      leastMicroUsd: highestCostOfMessage(budget.deliveryPriceMicroUsd) || 1n,
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

  /** Returns a user's window of this UTC day. @throws ProblemError `database_unavailable` */
  async dayOf(owner: string, now = new Date()): Promise<UserDayState> {
    const { day } = windowsOf(now);
    const [row, tasks] = await this.database.read((client) =>
      Promise.all([
        client.budgetWindow.findUnique({
          where: { scope_subject_startsAt: { scope: 'user_day', subject: owner, startsAt: day } },
        }),

        client.agentReservation.count({
          where: { owner, attempt: 1, state: { not: 'released' }, reservedAt: { gte: day, lt: endOfDay(now) } },
        }),
      ]),
    );
    return {
      startsAt: day,
      resetsAt: endOfDay(now),
      capMicroUsd: this.config.budget.userDayCapMicroUsd,
      ...amounts(row),
      messages: row?.messages ?? 0,
      tasks,
      messagesLimit: this.config.budget.userDayMessages === 0 ? null : this.config.budget.userDayMessages,
    };
  }
}

function amounts(row: { reservedMicroUsd: bigint; spentMicroUsd: bigint } | null | undefined) {
  return { reservedMicroUsd: row?.reservedMicroUsd ?? 0n, spentMicroUsd: row?.spentMicroUsd ?? 0n };
}
