import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { Counter } from 'prom-client';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../../core/config/gateway-config';
import { Logger } from '../../../core/telemetry/logger';
import { Metrics } from '../../../core/telemetry/metrics';
import { MetricsReader } from '../metrics/metrics-reader';
import { resourceMetrics } from './otlp-metrics';

const MIN_TIMEOUT_MS = 1000;
const MAX_TIMEOUT_MS = 10_000;
/** `ExportResultCode.SUCCESS` of @opentelemetry/core. */
const SUCCESS = 0;

/** Sends all series to METRICS_ENDPOINT at each interval, one export at a time. Drops and counts what it cannot send. */
@Injectable()
export class MetricsPush implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly resource = resourceFromAttributes({
    'service.name': 'communique-gateway',
    'service.instance.id': randomUUID(),
  });
  private readonly startedAtMs = Date.now();
  private readonly pushes: Counter<'outcome'>;
  private timer: NodeJS.Timeout | undefined;
  private pushing: Promise<void> = Promise.resolve();
  private target: Target | undefined;
  private stopped = false;
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
    const { push } = this.config.metrics;
    if (push === undefined) return;
    const timeoutMs = Math.min(MAX_TIMEOUT_MS, Math.max(MIN_TIMEOUT_MS, push.intervalMs));
    this.target = new Target(push.endpoint, timeoutMs);
    this.schedule(this.target, push.intervalMs);
  }

  /** Sends the last counts, unless the endpoint is away. Takes at most two seconds. */
  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { target } = this;
    if (target === undefined) return;
    this.target = undefined;
    // A push that does not end in time is lost, because the process is ending
    await target.within(MIN_TIMEOUT_MS, this.pushing).catch(() => undefined);
    if (!this.away) await target.within(MIN_TIMEOUT_MS, this.push(target)).catch(() => undefined);
    target.close();
  }

  private schedule(target: Target, intervalMs: number): void {
    this.timer = setTimeout(() => {
      this.pushing = this.push(target).finally(() => {
        if (!this.stopped) this.schedule(target, intervalMs);
      });
    }, intervalMs).unref();
  }

  /** Never rejects. */
  private async push(target: Target): Promise<void> {
    try {
      const times = { startedAtMs: this.startedAtMs, nowMs: Date.now() };
      await target.send(resourceMetrics(await this.reader.json(), this.resource, times));
      this.succeeded();
    } catch (error) {
      const status: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
      // The message of a refusal is the endpoint's own text, so only the status is logged
      this.failed(typeof status === 'number' ? { status } : { err: error });
    }
  }

  private succeeded(): void {
    this.pushes.inc({ outcome: 'ok' });
    if (this.away) this.logger.info({}, 'metrics are pushed again');
    this.away = false;
  }

  /** Logs an outage once, however long it lasts. */
  private failed(fields: { readonly status?: number; readonly err?: unknown }): void {
    this.pushes.inc({ outcome: 'failed' });
    if (!this.away)
      this.logger.warn(fields, 'metrics cannot be pushed: METRICS_ENDPOINT cannot be reached or refuses them');
    this.away = true;
  }
}

/**
 * OpenTelemetry's exporter with a time limit on each export. The exporter's own time-out counts only silence, so an endpoint that sends its
 * answer slowly could keep an export open.
 */
class Target {
  private agent: Agent | undefined;
  private readonly exporter: OTLPMetricExporter;

  constructor(
    url: string,
    private readonly timeoutMs: number,
  ) {
    this.exporter = new OTLPMetricExporter({
      url,
      timeoutMillis: timeoutMs,
      concurrencyLimit: 1,
      httpAgentOptions: (protocol) =>
        (this.agent = protocol === 'https:' ? new HttpsAgent({ keepAlive: true }) : new Agent({ keepAlive: true })),
    });
  }

  /** @throws Error, with the HTTP status as `code` if the endpoint answered and the exporter does not retry */
  send(metrics: ResourceMetrics): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      this.exporter.export(metrics, ({ code, error }) => {
        if (code === SUCCESS) resolve();
        else reject(error ?? new Error('metrics were not taken'));
      });
    });
    return this.within(this.timeoutMs, sent);
  }

  /** @throws Error `ETIMEDOUT` when the time is over; the export's connection is then cut */
  async within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.agent?.destroy();
        reject(Object.assign(new Error('the push took too long'), { code: 'ETIMEDOUT' }));
      }, timeoutMs);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.agent?.destroy();
  }
}
