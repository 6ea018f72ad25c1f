import { Injectable } from '@nestjs/common';
import { Gauge, type Registry } from 'prom-client';
import { BudgetService } from '../../../features/budget/budget.service';
import { Database } from '../../../core/database/database';
import { Metrics } from '../../../core/telemetry/metrics';

/** A read of metrics waits no longer for the database; what hangs longer ends by its own time-out. */
const TIMEOUT_MS = 3000;
const WINDOWS = { system_hour: 'hour', system_day: 'day' } as const;

/**
 * What the database says of all processes together, asked when metrics are read. Every process says the same: take one of them
 * (max), not their sum. Without the database these are absent and communique_database_up is 0.
 */
@Injectable()
export class DatabaseGauges {
  private readonly gauges: ReturnType<typeof gaugesIn>;
  private asking: Promise<void> | undefined;

  constructor(
    metrics: Metrics,
    private readonly database: Database,
    private readonly budgets: BudgetService,
  ) {
    this.gauges = gaugesIn(metrics.registry);
  }

  /** Never throws; many at once ask once. */
  async refresh(): Promise<void> {
    const { pool } = this.database;
    this.gauges.pool.set({ state: 'idle' }, pool.idleCount);
    this.gauges.pool.set({ state: 'used' }, pool.totalCount - pool.idleCount);
    this.gauges.pool.set({ state: 'waiting' }, pool.waitingCount);
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error('late'));
      }, TIMEOUT_MS);
    });
    try {
      await Promise.race([this.asking, late]);
    } catch {
      this.forget();
    } finally {
      clearTimeout(timer);
    }
  }

  private async ask(): Promise<void> {
    const [[queue], budget] = await Promise.all([
      this.database.read(
        (client) => client.$queryRaw<
          [{ jobs: number; due: number; leased: number; oldestDueSeconds: number; reservations: number }]
        >`
        SELECT count(*)::int AS jobs,
               (count(*) FILTER (WHERE is_due))::int AS due,
               (count(*) FILTER (WHERE lease_until > now()))::int AS leased,
               coalesce(extract(epoch FROM now() - min(next_attempt_at) FILTER (WHERE is_due)), 0)::float8 AS "oldestDueSeconds",
               (SELECT count(*)::int FROM reservation WHERE state = 'reserved') AS reservations
        FROM (SELECT *, next_attempt_at <= now() AND (lease_until IS NULL OR lease_until <= now()) AS is_due FROM delivery_job) AS job`,
      ),
      this.budgets.state(),
    ]);
    this.gauges.up.set(1);
    this.gauges.jobs.set(queue.jobs);
    this.gauges.due.set(queue.due);
    this.gauges.leased.set(queue.leased);
    this.gauges.oldestDue.set(queue.oldestDueSeconds);
    this.gauges.reservations.set(queue.reservations);
    for (const [window, name] of Object.entries(WINDOWS)) {
      const { reservedMicroUsd, spentMicroUsd, capMicroUsd } = budget[name];
      this.gauges.budget.set({ window, amount: 'reserved' }, Number(reservedMicroUsd));
      this.gauges.budget.set({ window, amount: 'spent' }, Number(spentMicroUsd));
      this.gauges.budget.set({ window, amount: 'cap' }, Number(capMicroUsd));
    }
    this.gauges.stop.set(budget.stopped ? 1 : 0);
  }

  /** A number from before would look like one of now. */
  private forget(): void {
    this.gauges.up.set(0);
    const { up: _up, pool: _pool, budget, ...rest } = this.gauges;
    for (const gauge of Object.values(rest)) gauge.remove();
    budget.reset();
  }
}

function gaugesIn(registry: Registry) {
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  return {
    up: gauge('communique_database_up', 'Whether the database answered when metrics were read.'),
    pool: gauge('communique_database_pool', 'Connections of this process, and who waits for one.', ['state']),
    jobs: gauge('communique_queue_jobs', 'Messages that have not ended.'),
    due: gauge('communique_queue_due_jobs', 'Due jobs that no worker has.'),
    leased: gauge('communique_queue_leased_jobs', 'Jobs under a lease that has not run out.'),
    oldestDue: gauge(
      'communique_queue_oldest_due_seconds',
      'How long the longest overdue job has been due without a worker; 0 where none is.',
    ),
    reservations: gauge('communique_reservations_open', 'Reservations that are not settled.'),
    budget: gauge('communique_budget_micro_usd', 'Windows of now, in micro-dollars.', ['window', 'amount']),
    stop: gauge('communique_emergency_stop', '1 while an emergency stop stands.'),
  };
}
