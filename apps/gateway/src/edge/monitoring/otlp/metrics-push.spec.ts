import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ValueType } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics';
import { Gauge } from 'prom-client';
import { Logger } from '../../../core/telemetry/logger';
import { Metrics } from '../../../core/telemetry/metrics';
import type { MetricsReader } from '../metrics/metrics-reader';
import { MetricsPush } from './metrics-push';
import { resourceMetrics } from './otlp-metrics';
import { MessageMetrics } from '../../../features/messages/message-metrics';
import { HttpMetrics } from '../../http/http-metrics';

interface Taken {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('resourceMetrics', () => {
  it('returns the registry with its names, units and cumulative counts', async () => {
    const metrics = new Metrics();
    new MessageMetrics(metrics).accepted();
    const http = new HttpMetrics(metrics);
    http.answered('GET', '/health', 200, 0.003);
    http.answered('GET', '/health', 200, 20);
    new Gauge({ name: 'nothing_yet', help: 'h', registers: [metrics.registry] }).set(Number.NaN);
    const data = resourceMetrics(
      await metrics.registry.getMetricsAsJSON(),
      resourceFromAttributes({ 'service.name': 'x' }),
      { startedAtMs: 1000, nowMs: 2500.5 },
    );
    expect(data.resource.attributes).toEqual({ 'service.name': 'x' });
    expect(data.scopeMetrics).toEqual([
      { scope: { name: 'communique-gateway' }, metrics: expect.any(Array) as unknown },
    ]);
    const list = data.scopeMetrics[0]?.metrics ?? [];
    const named = (name: string) => list.find(({ descriptor }) => descriptor.name === name);
    const descriptor = { description: expect.any(String) as string, valueType: ValueType.DOUBLE };
    const times = { startTime: [1, 0], endTime: [2, 500_000_000] };
    expect(named('communique_messages_accepted_total')).toEqual({
      descriptor: { name: 'communique_messages_accepted_total', unit: '', ...descriptor },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: [{ ...times, attributes: {}, value: 1 }],
    });
    expect(named('communique_http_request_duration_seconds')).toEqual({
      descriptor: { name: 'communique_http_request_duration_seconds', unit: 's', ...descriptor },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: [
        {
          ...times,
          attributes: { method: 'GET', route: '/health' },
          value: {
            count: 2,
            sum: 20.003,
            buckets: {
              boundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
              counts: [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            },
          },
        },
      ],
    });
    expect(named('nothing_yet')).toBeUndefined();
  });
});

describe('MetricsPush', () => {
  let collector: Server;
  let endpoint: string;
  let taken: Taken[];
  let answer: (response: ServerResponse) => void;
  let lines: string[];
  let metrics: Metrics;
  let push: MetricsPush;

  beforeEach(async () => {
    [taken, lines, metrics] = [[], [], new Metrics()];
    answer = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}');
    collector = createServer((request, response) => {
      let body = '';
      request
        .setEncoding('utf8')
        .on('data', (text: string) => (body += text))
        .on('end', () => {
          taken.push({ method: request.method, path: request.url, headers: request.headers, body });
          answer(response);
        });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${String((collector.address() as AddressInfo).port)}/v1/metrics`;
  });
  afterEach(async () => {
    await push.onApplicationShutdown();
    collector.closeAllConnections();
    await new Promise((resolve) => collector.close(resolve));
  });

  function start(intervalMs: number): void {
    const reader: Pick<MetricsReader, 'json'> = { json: () => metrics.registry.getMetricsAsJSON() };
    push = new MetricsPush(
      { metrics: { push: { endpoint, intervalMs } } },
      reader as MetricsReader,
      new Logger({ log: { level: 'info' } }, { write: (line) => void lines.push(line) }),
      metrics,
    );
    push.onApplicationBootstrap();
  }
  const until = async (holds: () => boolean) => {
    for (let round = 0; round < 1000 && !holds(); round++) await sleep(5);
  };
  const events = () => lines.map((line) => (JSON.parse(line) as { msg: string }).msg);

  it('sends to the configured endpoint at each interval', async () => {
    start(10);
    await until(() => taken.length >= 3);
    expect(taken[0]).toMatchObject({
      method: 'POST',
      path: '/v1/metrics',
      headers: { 'content-type': 'application/json' },
    });
    expect(JSON.parse(taken[2]?.body ?? '')).toMatchObject({
      resourceMetrics: [
        {
          resource: {
            attributes: expect.arrayContaining([
              { key: 'service.name', value: { stringValue: 'communique-gateway' } },
            ]) as unknown,
          },
        },
      ],
    });
    expect(taken[2]?.body).toContain('communique_metrics_pushes_total');
    expect(lines).toEqual([]);
  });

  it('logs an outage once, and its end once', async () => {
    answer = (response) => response.writeHead(400).end('xSesamex');
    start(10);
    await until(() => taken.length >= 4);
    answer = (response) => response.socket?.destroy();
    const before = taken.length;
    await until(() => taken.length >= before + 2);
    expect(events()).toEqual(['metrics cannot be pushed: METRICS_ENDPOINT cannot be reached or refuses them']);
    answer = (response) => response.writeHead(204).end();
    await until(() => events().length >= 2);
    expect(events().slice(1)).toEqual(['metrics are pushed again']);
    expect(await metrics.registry.getSingleMetricAsString('communique_metrics_pushes_total')).toMatch(
      /\{outcome="failed"\} [4-9]|\{outcome="failed"\} [0-9]{2}/,
    );
    expect(lines.join('')).not.toContain('xSesamex');
  });

  it('gives up an export that hangs, sends one at a time, and follows no redirect', async () => {
    let [open, most] = [0, 0];
    answer = (response) => {
      most = Math.max(most, ++open);
      response.on('close', () => open--);
    };
    start(50);
    await until(() => taken.length >= 3);
    expect(most).toBe(1);
    expect(events()).toEqual(['metrics cannot be pushed: METRICS_ENDPOINT cannot be reached or refuses them']);
    const before = taken.length;
    answer = (response) => response.writeHead(307, { location: '/elsewhere' }).end();
    await until(() => taken.length >= before + 2);
    expect(taken.every(({ path }) => path === '/v1/metrics')).toBe(true);
  });

  it('sends the last counts at shutdown', async () => {
    start(60_000);
    new MessageMetrics(metrics).accepted();
    await push.onApplicationShutdown();
    expect(taken).toHaveLength(1);
    const body = JSON.parse(taken[0]?.body ?? '') as { resourceMetrics: [{ scopeMetrics: [{ metrics: unknown[] }] }] };
    expect(body.resourceMetrics[0].scopeMetrics[0].metrics).toContainEqual({
      name: 'communique_messages_accepted_total',
      description: expect.any(String) as string,
      unit: '',
      sum: {
        aggregationTemporality: 2,
        isMonotonic: true,
        dataPoints: [
          {
            attributes: [],
            startTimeUnixNano: expect.stringMatching(/^[0-9]{19}$/) as string,
            timeUnixNano: expect.stringMatching(/^[0-9]{19}$/) as string,
            asDouble: 1,
          },
        ],
      },
    });
  });

  it('does not delay the shutdown beyond its limit while the endpoint sends an answer without end', async () => {
    const trickles: NodeJS.Timeout[] = [];
    answer = (response) => {
      response.writeHead(200);
      trickles.push(setInterval(() => response.write(' '), 50));
    };
    start(60_000);
    await push.onApplicationShutdown();
    trickles.forEach(clearInterval);
    expect(taken).toHaveLength(1);
  });

  it('sends at most one more request at shutdown while the endpoint refuses the metrics', async () => {
    answer = (response) => response.writeHead(400, 'xSesamex').end('xSesamex');
    start(200);
    await until(() => events().length > 0);
    const before = taken.length;
    await push.onApplicationShutdown();
    expect(taken.length - before).toBeLessThanOrEqual(1);
    expect(lines.join('')).toContain('400');
    expect(lines.join('')).not.toContain('xSesamex');
  });
});
