import { Module } from '@nestjs/common';
import { MetricsPush } from '../otlp/metrics-push';
import { MetricsListener } from './metrics-listener';
import { MetricsReader } from './metrics-reader';

/** Carries metrics out of the process; what is counted is counted without it (Metrics, in ObservabilityModule). */
@Module({
  providers: [MetricsReader, MetricsListener, MetricsPush],
})
export class MetricsModule {}
