import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Counter } from 'prom-client';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../../core/config/gateway-config';
import { Logger } from '../../../core/telemetry/logger';
import { Metrics } from '../../../core/telemetry/metrics';
import { MetricsReader } from '../metrics/metrics-reader';
import { otlpMetrics } from './otlp-metrics';

const MIN_TIMEOUT_MS = 1000;
const MAX_TIMEOUT_MS = 10_000;

/** Sends all series to METRICS_ENDPOINT again and again, one request at a time; what it cannot send is lost, and counted. */
@Injectable()
export class MetricsPush implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly resource = { 'service.name': 'communique-gateway', 'service.instance.id': randomUUID() };
  private readonly startedAtMs = Date.now();
  private readonly pushes: Counter<'outcome'>;
  private readonly stopped = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private away = false;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'metrics'>,
    private readonly reader: MetricsReader,
    private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.pushes = new Counter({
      name: 'communique_metrics_pushes_total',
      help: 'Pushes of metrics to METRICS_ENDPOINT.',
      labelNames: ['outcome'],
      registers: [metrics.registry],
    });
  }

  onApplicationBootstrap(): void {
    if (this.config.metrics.push !== undefined) this.schedule(this.config.metrics.push);
  }

  onApplicationShutdown(): void {
    this.stopped.abort();
    clearTimeout(this.timer);
  }

  private schedule(target: NonNullable<GatewayConfig['metrics']['push']>): void {
    this.timer = setTimeout(() => {
      void this.push(target.endpoint, Math.min(MAX_TIMEOUT_MS, Math.max(MIN_TIMEOUT_MS, target.intervalMs))).finally(
        () => {
          if (!this.stopped.signal.aborted) this.schedule(target);
        },
      );
    }, target.intervalMs).unref();
  }

  /** Never throws. */
  private async push(endpoint: string, timeoutMs: number): Promise<void> {
    try {
      const body = JSON.stringify(
        otlpMetrics(await this.reader.json(), this.resource, { startedAtMs: this.startedAtMs, nowMs: Date.now() }),
      );
      const signal = AbortSignal.any([this.stopped.signal, AbortSignal.timeout(timeoutMs)]);
      const response = await fetch(endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        redirect: 'error',
        signal,
      });
      await response.body?.cancel();
      if (response.ok) this.succeeded();
      else this.failed({ status: response.status });
    } catch (error) {
      if (!this.stopped.signal.aborted) this.failed({ err: error });
    }
  }

  private succeeded(): void {
    this.pushes.inc({ outcome: 'ok' });
    if (this.away) this.logger.info({}, 'metrics are taken again');
    this.away = false;
  }

  /** Said once for an outage, however long. */
  private failed(fields: { readonly status?: number; readonly err?: unknown }): void {
    this.pushes.inc({ outcome: 'failed' });
    if (!this.away) this.logger.warn(fields, 'metrics cannot be pushed: METRICS_ENDPOINT does not take them');
    this.away = true;
  }
}
