import type { MetricsJson } from '../metrics/metrics-reader';

type Labels = Readonly<Record<string, string | number | undefined>>;
interface Point {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
}

/** AGGREGATION_TEMPORALITY_CUMULATIVE of metrics.proto: counted since the start, as Prometheus does. */
const CUMULATIVE = 2;
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/_seconds(_total)?$/, 's'],
  [/_bytes(_total)?$/, 'By'],
  [/_micro_usd(_total)?$/, '{micro_usd}'],
];

export interface OtlpTimes {
  /** When counting began, and now: milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly nowMs: number;
}

/**
 * The body of an OTLP/HTTP request in its JSON form: ExportMetricsServiceRequest of opentelemetry-proto (collector/metrics/v1), by the
 * JSON mapping of the OTLP specification: names in lowerCamelCase, 64-bit whole numbers as decimal text, enums as numbers.
 * @param resource attributes of the process, e.g. service.name
 */
export function otlpMetrics(
  metrics: MetricsJson,
  resource: Readonly<Record<string, string>>,
  times: OtlpTimes,
): object {
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeMetrics: [
          { scope: { name: 'communique-gateway' }, metrics: metrics.flatMap((metric) => metricOf(metric, times)) },
        ],
      },
    ],
  };
}

function metricOf(metric: MetricsJson[number], times: OtlpTimes): object[] {
  const { name, help } = metric;
  // prom-client's types leave out `metricName`, by which it says what a value of a histogram is; its enum of types is text at run time.
  const points: readonly Point[] = metric.values;
  const type = String(metric.type);
  const unit = UNITS.find(([ending]) => ending.test(name))?.[1];
  const common = { name, description: help, ...(unit === undefined ? {} : { unit }) };
  const finite = points.filter(({ value }) => Number.isFinite(value));
  if (finite.length === 0) return [];
  if (type === 'counter')
    return [
      {
        ...common,
        sum: {
          aggregationTemporality: CUMULATIVE,
          isMonotonic: true,
          dataPoints: finite.map((point) => numberPoint(point, times)),
        },
      },
    ];
  if (type === 'gauge') return [{ ...common, gauge: { dataPoints: finite.map((point) => numberPoint(point, times)) } }];
  if (type === 'histogram')
    return [
      {
        ...common,
        histogram: { aggregationTemporality: CUMULATIVE, dataPoints: histogramPoints(name, finite, times) },
      },
    ];
  return [];
}

function numberPoint({ labels, value }: Point, times: OtlpTimes): object {
  return { ...timesOf(times), attributes: attributesOf(labels), asDouble: value };
}

/** Prometheus counts each bucket with all below it; OTLP counts each alone, and the last one has no bound. */
function histogramPoints(name: string, points: readonly Point[], times: OtlpTimes): object[] {
  const series = Map.groupBy(points, ({ labels: { le: _bound, ...labels } }) =>
    JSON.stringify(Object.entries(labels).sort()),
  );
  return [...series.values()].map((ofSeries) => {
    const buckets = ofSeries
      .filter(({ metricName }) => metricName === `${name}_bucket`)
      .sort((a, b) => boundOf(a) - boundOf(b));
    const valueOf = (suffix: string) =>
      ofSeries.find(({ metricName }) => metricName === `${name}_${suffix}`)?.value ?? 0;
    const { le: _bound, ...labels } = ofSeries[0]?.labels ?? {};
    return {
      ...timesOf(times),
      attributes: attributesOf(labels),
      count: String(valueOf('count')),
      sum: valueOf('sum'),
      bucketCounts: buckets.map(({ value }, at) => String(value - (buckets[at - 1]?.value ?? 0))),
      explicitBounds: buckets.map(boundOf).filter(Number.isFinite),
    };
  });
}

function boundOf({ labels: { le } }: Point): number {
  return le === '+Inf' ? Infinity : Number(le);
}

function timesOf({ startedAtMs, nowMs }: OtlpTimes): object {
  return { startTimeUnixNano: nanoseconds(startedAtMs), timeUnixNano: nanoseconds(nowMs) };
}

function nanoseconds(ms: number): string {
  return String(BigInt(Math.trunc(ms)) * 1_000_000n);
}

function attributesOf(labels: Labels): object[] {
  return Object.entries(labels).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: { stringValue: String(value) } }],
  );
}
