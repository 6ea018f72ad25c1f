import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics } from 'prom-client';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../../core/config/gateway-config';
import { Metrics } from '../../../core/telemetry/metrics';

export type MetricsJson = Awaited<ReturnType<Metrics['registry']['getMetricsAsJSON']>>;

/** All series as they are now, for whoever carries them out of the process. */
@Injectable()
export class MetricsReader {
  constructor(
    @Inject(GATEWAY_CONFIG) config: Pick<GatewayConfig, 'metrics'>,
    private readonly metrics: Metrics,
  ) {
    // They watch the event loop and the collector all the time: only where somebody reads them.
    if (config.metrics.listen !== undefined || config.metrics.push !== undefined)
      collectDefaultMetrics({ register: metrics.registry });
  }

  /** In the exposition format of Prometheus. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.metrics.registry.contentType, body: await this.metrics.registry.metrics() };
  }

  json(): Promise<MetricsJson> {
    return this.metrics.registry.getMetricsAsJSON();
  }
}
