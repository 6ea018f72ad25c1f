import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { BudgetService } from '../../budget/budget.service';
import { Database } from '../../database/database';
import { Metrics } from './metrics';

/** A read of metrics waits no longer for the database; what hangs longer ends by its own time-out. */
const TIMEOUT_MS = 3000;
const WINDOWS = { system_hour: 'hour', system_day: 'day' } as const;

/**
 * What the database says of all processes together, asked when metrics are read. Every process says the same: take one of them
 * (max), not their sum. Without the database these are absent and communique_database_up is 0.
 */
@Injectable()
export class DatabaseGauges {
  private readonly up = this.gauge('communique_database_up', 'Whether the database answered when metrics were read.');
  private readonly pool = this.gauge('communique_database_pool', 'Connections of this process, and who waits for one.', ['state']);
  private readonly jobs = this.gauge('communique_queue_jobs', 'Messages that have not ended.');
  private readonly due = this.gauge('communique_queue_due_jobs', 'Due jobs that no worker has.');
  private readonly leased = this.gauge('communique_queue_leased_jobs', 'Jobs under a lease that has not run out.');
  private readonly oldestDue = this.gauge('communique_queue_oldest_due_seconds', 'How long the longest overdue job has been due without a worker; 0 where none is.');
  private readonly reservations = this.gauge('communique_reservations_open', 'Reservations that are not settled.');
  private readonly budget = this.gauge('communique_budget_micro_usd', 'Windows of now, in micro-dollars.', ['window', 'amount']);
  private readonly stop = this.gauge('communique_emergency_stop', '1 while an emergency stop stands.');
  private asking: Promise<void> | undefined;

  constructor(
    private readonly metrics: Metrics,
    private readonly database: Database,
    private readonly budgets: BudgetService,
  ) {}

  /** Never throws; many at once ask once. */
  async refresh(): Promise<void> {
    const { pool } = this.database;
    this.pool.set({ state: 'idle' }, pool.idleCount);
    this.pool.set({ state: 'used' }, pool.totalCount - pool.idleCount);
    this.pool.set({ state: 'waiting' }, pool.waitingCount);
    this.asking ??= this.ask().finally(() => { this.asking = undefined; });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => { reject(new Error('late')); }, TIMEOUT_MS);
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
      this.database.read((client) => client.$queryRaw<[{ jobs: number; due: number; leased: number; oldestDueSeconds: number; reservations: number }]>`
        SELECT count(*)::int AS jobs,
               (count(*) FILTER (WHERE is_due))::int AS due,
               (count(*) FILTER (WHERE lease_until > now()))::int AS leased,
               coalesce(extract(epoch FROM now() - min(next_attempt_at) FILTER (WHERE is_due)), 0)::float8 AS "oldestDueSeconds",
               (SELECT count(*)::int FROM reservation WHERE state = 'reserved') AS reservations
        FROM (SELECT *, next_attempt_at <= now() AND (lease_until IS NULL OR lease_until <= now()) AS is_due FROM delivery_job) AS job`),
      this.budgets.state(),
    ]);
    this.up.set(1);
    this.jobs.set(queue.jobs);
    this.due.set(queue.due);
    this.leased.set(queue.leased);
    this.oldestDue.set(queue.oldestDueSeconds);
    this.reservations.set(queue.reservations);
    for (const [window, name] of Object.entries(WINDOWS)) {
      const { reservedMicroUsd, spentMicroUsd, capMicroUsd } = budget[name];
      this.budget.set({ window, amount: 'reserved' }, Number(reservedMicroUsd));
      this.budget.set({ window, amount: 'spent' }, Number(spentMicroUsd));
      this.budget.set({ window, amount: 'cap' }, Number(capMicroUsd));
    }
    this.stop.set(budget.stopped ? 1 : 0);
  }

  /** A number from before would look like one of now. */
  private forget(): void {
    this.up.set(0);
    for (const gauge of [this.jobs, this.due, this.leased, this.oldestDue, this.reservations, this.stop]) gauge.remove();
    this.budget.reset();
  }

  private gauge<Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.metrics.registry] });
  }
}
