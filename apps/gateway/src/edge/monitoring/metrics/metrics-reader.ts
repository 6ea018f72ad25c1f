import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics } from 'prom-client';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../../core/config/gateway-config';
import { Metrics } from '../../../core/telemetry/metrics';

export type MetricsJson = Awaited<ReturnType<Metrics['registry']['getMetricsAsJSON']>>;

/** The current values of all series, for an exporter. */
@Injectable()
export class MetricsReader {
  constructor(
    @Inject(GATEWAY_CONFIG) config: Pick<GatewayConfig, 'metrics'>,
    private readonly metrics: Metrics,
  ) {
    // Node's default metrics watch the event loop and the garbage collector all the time, so they start only if a reader is configured.
    if (config.metrics.listen !== undefined || config.metrics.push !== undefined)
      collectDefaultMetrics({ register: metrics.registry });
  }

  /** All series in the exposition format of Prometheus. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.metrics.registry.contentType, body: await this.metrics.registry.metrics() };
  }

  json(): Promise<MetricsJson> {
    return this.metrics.registry.getMetricsAsJSON();
  }
}
