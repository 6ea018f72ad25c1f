import type { Registry } from 'prom-client';
import type { Latency, LatencyName } from './samples';

/** Cumulative counts by upper bound in seconds, ascending up to Infinity, as in a Prometheus histogram. */
export type Buckets = ReadonlyMap<number, number>;

/** The histogram from which each latency is computed, and the labels that select its series. */
const SOURCES: Readonly<
  Record<LatencyName, { readonly metric: string; readonly labels: Readonly<Record<string, string>> }>
> = {
  accept: { metric: 'communique_http_request_duration_seconds', labels: { method: 'POST', route: '/api/messages' } },
  relay: { metric: 'communique_enclave_request_duration_seconds', labels: { step: 'relay', outcome: 'answer' } },
  delivery: { metric: 'communique_delivery_attempt_duration_seconds', labels: {} },
};

interface Value {
  readonly metricName?: string;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  readonly value: number;
}

export async function bucketsOf(registry: Registry, name: LatencyName): Promise<Buckets> {
  const { metric, labels } = SOURCES[name];
  const found = await registry.getSingleMetric(metric)?.get();
  if (found === undefined) throw new Error(`there is no metric ${metric}`);
  const sums = new Map<number, number>();
  for (const { metricName, labels: of, value } of found.values as Value[]) {
    if (metricName !== `${metric}_bucket` || !Object.entries(labels).every(([label, wanted]) => of[label] === wanted))
      continue;
    const bound = of['le'] === '+Inf' ? Infinity : Number(of['le']);
    sums.set(bound, (sums.get(bound) ?? 0) + value);
  }
  return new Map([...sums].sort(([a], [b]) => a - b));
}

/**
 * Summarizes the observations between two readings. Quantiles are estimated within a bucket as Prometheus's histogram_quantile does; a
 * quantile above the last finite bound is that bound.
 */
export function latencyBetween(before: Buckets, after: Buckets): Latency {
  const counts = [...after].map(([bound, count]) => ({ bound, count: count - (before.get(bound) ?? 0) }));
  const count = counts.at(-1)?.count ?? 0;
  return { count, p50Ms: quantileMs(counts, count, 0.5), p95Ms: quantileMs(counts, count, 0.95) };
}

function quantileMs(
  counts: readonly { readonly bound: number; readonly count: number }[],
  total: number,
  quantile: number,
): number | null {
  if (total <= 0) return null;
  const rank = quantile * total;
  let [lower, below] = [0, 0];
  for (const { bound, count } of counts) {
    if (count >= rank) {
      const seconds =
        bound === Infinity ? lower : lower + ((bound - lower) * (rank - below)) / Math.max(1, count - below);
      return Math.round(seconds * 10_000) / 10;
    }
    lower = bound;
    below = count;
  }
  return null;
}
