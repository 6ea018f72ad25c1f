import { Module } from '@nestjs/common';
import { AttestationModule } from '../../features/attestation/attestation.module';
import { BudgetModule } from '../../features/budget/budget.module';
import { DeliveryModule } from '../../features/delivery/delivery.module';
import { HealthModule } from '../health/health.module';
import { History } from './history/history';
import { HistoryController } from './history/history.controller';
import { MetricsListener } from './metrics/metrics-listener';
import { MetricsReader } from './metrics/metrics-reader';
import { MetricsPush } from './otlp/metrics-push';

/** Exports metrics, and keeps samples of the last hours. Each feature registers its own metrics at `Metrics` of CoreModule. */
@Module({
  imports: [AttestationModule, BudgetModule, DeliveryModule, HealthModule],
  controllers: [HistoryController],
  providers: [History, MetricsReader, MetricsListener, MetricsPush],
})
export class MonitoringModule {}
