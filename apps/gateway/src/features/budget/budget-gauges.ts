import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/database';
import { Metrics, sharedReading } from '../../core/telemetry/metrics';
import { BudgetService } from './budget.service';

const WINDOWS = { system_hour: 'hour', system_day: 'day' } as const;

/**
 * Gauges of the budget, read from the database. Every gateway reports the same values, so aggregate with max, not with sum. They are absent
 * while the database is unreachable.
 */
@Injectable()
export class BudgetGauges {
  constructor(metrics: Metrics, database: Database, budget: BudgetService) {
    const state = sharedReading(() => budget.state());
    const open = sharedReading(() =>
      database.read((client) => client.reservation.count({ where: { state: 'reserved' } })),
    );
    metrics.readingGauge(
      'communique_reservations_open',
      'Reservations that are not settled.',
      open,
      (reservations) => reservations,
    );
    metrics.readingGauge('communique_emergency_stop', '1 while an emergency stop is set.', state, ({ stopped }) =>
      stopped ? 1 : 0,
    );
    metrics.gauge(
      'communique_budget_used_ratio',
      'Spent and reserved money of the current window, divided by its cap.',
      ['window'],
      async (gauge) => {
        const budgets = await state();
        if (budgets === null) {
          gauge.reset();
          return;
        }
        for (const [window, name] of Object.entries(WINDOWS)) {
          const { reservedMicroUsd, spentMicroUsd, capMicroUsd } = budgets[name];
          const used = Number(reservedMicroUsd + spentMicroUsd);
          // A cap of 0 counts as fully used.
          gauge.set({ window }, capMicroUsd === 0n ? 1 : used / Number(capMicroUsd));
        }
      },
    );
    metrics.gauge(
      'communique_budget_micro_usd',
      'The current windows, in micro-dollars.',
      ['window', 'amount'],
      async (gauge) => {
        const budgets = await state();
        if (budgets === null) {
          gauge.reset();
          return;
        }
        for (const [window, name] of Object.entries(WINDOWS)) {
          const { reservedMicroUsd, spentMicroUsd, capMicroUsd } = budgets[name];
          gauge.set({ window, amount: 'reserved' }, Number(reservedMicroUsd));
          gauge.set({ window, amount: 'spent' }, Number(spentMicroUsd));
          gauge.set({ window, amount: 'cap' }, Number(capMicroUsd));
        }
      },
    );
  }
}
