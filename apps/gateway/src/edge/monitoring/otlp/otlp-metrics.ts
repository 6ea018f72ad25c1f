import { type HrTime, ValueType } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { MetricsJson } from '../metrics/metrics-reader';

type Labels = Readonly<Record<string, string | number | undefined>>;
interface Point {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
}

const UNITS: readonly (readonly [RegExp, string])[] = [
  [/_seconds(_total)?$/, 's'],
  [/_bytes(_total)?$/, 'By'],
  [/_micro_usd(_total)?$/, '{micro_usd}'],
];

export interface MetricTimes {
  /** When counting began, in milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly nowMs: number;
}

/**
 * Returns prom-client's registry as OpenTelemetry's metric data, with the same names and with counts that are cumulative since the start.
 */
export function resourceMetrics(metrics: MetricsJson, resource: Resource, times: MetricTimes): ResourceMetrics {
  const scope = { name: 'communique-gateway' };
  return { resource, scopeMetrics: [{ scope, metrics: metrics.flatMap((metric) => metricData(metric, times)) }] };
}

function metricData({ name, help, type, values }: MetricsJson[number], times: MetricTimes): MetricData[] {
  // prom-client's types omit `metricName`, which names a histogram's value (bucket, sum or count). They declare `type` as an enum, but its
  // value is text.
  const points = (values as readonly Point[]).filter(({ value }) => Number.isFinite(value));
  if (points.length === 0) return [];
  const unit = UNITS.find(([ending]) => ending.test(name))?.[1] ?? '';
  const common = {
    descriptor: { name, description: help, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const at = { startTime: hrTime(times.startedAtMs), endTime: hrTime(times.nowMs) };
  const numbers = () => points.map(({ labels, value }) => ({ ...at, attributes: attributesOf(labels), value }));
  switch (String(type)) {
    case 'counter':
      return [{ ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: numbers() }];
    case 'gauge':
      return [{ ...common, dataPointType: DataPointType.GAUGE, dataPoints: numbers() }];
    case 'histogram': {
      const dataPoints = histograms(name, points).map((point) => ({ ...at, ...point }));
      return [{ ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints }];
    }
    default:
      return [];
  }
}

/** A Prometheus bucket includes all lower buckets. OpenTelemetry's buckets do not overlap, and the last one has no upper bound. */
function histograms(name: string, points: readonly Point[]) {
  const series = Map.groupBy(points, ({ labels: { le: _bound, ...labels } }) =>
    JSON.stringify(Object.entries(labels).sort()),
  );
  return [...series.values()].map((ofSeries) => {
    const cumulative = ofSeries
      .filter(({ metricName }) => metricName === `${name}_bucket`)
      .sort((a, b) => boundOf(a) - boundOf(b));
    const valueOf = (suffix: string) =>
      ofSeries.find(({ metricName }) => metricName === `${name}_${suffix}`)?.value ?? 0;
    const { le: _bound, ...labels } = ofSeries[0]?.labels ?? {};
    const boundaries = cumulative.map(boundOf).filter(Number.isFinite);
    const counts = cumulative.map(({ value }, index) => value - (cumulative[index - 1]?.value ?? 0));
    const value = { buckets: { boundaries, counts }, sum: valueOf('sum'), count: valueOf('count') };
    return { attributes: attributesOf(labels), value };
  });
}

const boundOf = ({ labels: { le } }: Point): number => (le === '+Inf' ? Infinity : Number(le));

const hrTime = (ms: number): HrTime => [Math.trunc(ms / 1000), (Math.trunc(ms) % 1000) * 1_000_000];

const attributesOf = (labels: Labels): Record<string, string> =>
  Object.fromEntries(
    Object.entries(labels).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );
