import { Injectable } from '@nestjs/common';
import { Metrics } from '../../core/telemetry/metrics';

@Injectable()
export class BudgetMetrics {
  private readonly settlements;

  constructor(metrics: Metrics) {
    this.settlements = metrics.counter(
      'communique_settlements_total',
      'Reservations settled by this process; one whose transaction was rolled back counts too.',
    );
  }

  reservationSettled(): void {
    this.settlements.inc();
  }
}
