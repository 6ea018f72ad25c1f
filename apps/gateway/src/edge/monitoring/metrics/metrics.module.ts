import { Module } from '@nestjs/common';
import { AttestationModule } from '../../../features/attestation/attestation.module';
import { MetricsPush } from '../otlp/metrics-push';
import { DatabaseGauges } from './database-gauges';
import { MetricsListener } from './metrics-listener';
import { MetricsReader } from './metrics-reader';
import { StateGauges } from './state-gauges';

/** Carries metrics out of the process; what is counted is counted without it (Metrics, in ObservabilityModule). */
@Module({
  imports: [AttestationModule],
  providers: [DatabaseGauges, StateGauges, MetricsReader, MetricsListener, MetricsPush],
})
export class MetricsModule {}
