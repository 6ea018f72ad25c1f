import * as z from 'zod';
import type { Example } from '../../../core/routing/operation';
import { INDICATORS, LATENCIES, type Amounts, type IndicatorStatus, type Sample } from './samples';

const NOT_KNOWN = 'Null: there is no value, for example because the database did not answer or there were no events.';
const seconds = z.number().min(0).nullable();
const common = {
  intervalSeconds: z.int(),
  keptSeconds: z.int(),
  at: z
    .array(z.int())
    .describe('Unix seconds of each sample, ascending. All other lists have one entry for each sample.'),
};
const numbers = z.array(seconds).meta({ id: 'NumberSeries', description: `One number for each sample. ${NOT_KNOWN}` });
const counts = z
  .array(z.int().min(0).nullable())
  .meta({ id: 'CountSeries', description: `One whole number for each sample. ${NOT_KNOWN}` });
const window = z
  .strictObject({ spentMicroUsd: counts, reservedMicroUsd: counts, capMicroUsd: counts })
  .meta({ id: 'BudgetHistory', description: 'Amounts in micro-dollars.' });
const latency = z.strictObject({ count: z.array(z.int()), p50Ms: numbers, p95Ms: numbers }).meta({
  id: 'LatencyHistory',
  description: 'For the time since the previous sample: the number of events, the median and the 95th percentile.',
});
const LETTERS: Readonly<Record<IndicatorStatus, string>> = { up: 'u', degraded: 'g', down: 'd', unused: 'n' };
const letters = z
  .string()
  .regex(/^[ugdn]*$/)
  .meta({
    id: 'IndicatorSeries',
    description: 'One letter for each sample: `u` is up, `g` degraded, `d` down, `n` not configured.',
  });

/** Answer of GET /api/health/history. */
export const healthHistorySchema = z
  .strictObject({
    ...common,
    indicators: z.strictObject({
      enclave: letters,
      attestation: letters,
      keys: letters,
      database: letters,
      redis: letters,
      queue: letters,
      budget: letters,
    }),
    attestationAgeSeconds: numbers.describe(
      'Seconds since this gateway last verified an enclave. Null: its last check verified none.',
    ),
  })
  .meta({ id: 'HealthHistory', description: 'The health of the last hours, as one process saw it.' });
export type HealthHistory = z.output<typeof healthHistorySchema>;

/** Answer of GET /api/admin/history. */
export const adminHistorySchema = z
  .strictObject({
    ...common,
    queue: z.strictObject({ waiting: counts, overdueSeconds: numbers }),
    budget: z.strictObject({ hour: window, day: window }),
    latency: z.strictObject({ accept: latency, relay: latency, delivery: latency }),
  })
  .meta({ id: 'AdminHistory', description: 'Queue, budget and latency of the last hours, as one process saw them.' });
export type AdminHistory = z.output<typeof adminHistorySchema>;

export interface Kept {
  readonly intervalSeconds: number;
  readonly keptSeconds: number;
}

export function healthHistoryOf(samples: readonly Sample[], kept: Kept): HealthHistory {
  const lettersOf = (name: (typeof INDICATORS)[number]) =>
    samples.map(({ indicators }) => LETTERS[indicators[name]]).join('');
  return {
    ...kept,
    at: instants(samples),
    indicators: {
      enclave: lettersOf('enclave'),
      attestation: lettersOf('attestation'),
      keys: lettersOf('keys'),
      database: lettersOf('database'),
      redis: lettersOf('redis'),
      queue: lettersOf('queue'),
      budget: lettersOf('budget'),
    },
    attestationAgeSeconds: samples.map(({ attestationAgeMs }) => tenths(attestationAgeMs)),
  };
}

export function adminHistoryOf(samples: readonly Sample[], kept: Kept): AdminHistory {
  const windowOf = (name: 'hour' | 'day') => {
    const amounts = (amount: keyof Amounts) =>
      samples.map(({ budget }) => (budget === null ? null : Number(budget[name][amount])));
    return {
      spentMicroUsd: amounts('spentMicroUsd'),
      reservedMicroUsd: amounts('reservedMicroUsd'),
      capMicroUsd: amounts('capMicroUsd'),
    };
  };
  const latencyOf = (name: (typeof LATENCIES)[number]) => {
    const of = samples.map((sample) => sample.latency[name]);
    return {
      count: of.map(({ count: each }) => each),
      p50Ms: of.map(({ p50Ms }) => p50Ms),
      p95Ms: of.map(({ p95Ms }) => p95Ms),
    };
  };
  return {
    ...kept,
    at: instants(samples),
    queue: {
      waiting: samples.map(({ queue }) => queue?.waiting ?? null),
      overdueSeconds: samples.map(({ queue }) => tenths(queue?.overdueMs ?? null)),
    },
    budget: { hour: windowOf('hour'), day: windowOf('day') },
    latency: { accept: latencyOf('accept'), relay: latencyOf('relay'), delivery: latencyOf('delivery') },
  };
}

function instants(samples: readonly Sample[]): number[] {
  return samples.map(({ atMs }) => Math.floor(atMs / 1000));
}

function tenths(ms: number | null): number | null {
  return ms === null ? null : Math.max(0, Math.round(ms / 100) / 10);
}

export const HEALTH_HISTORY_EXAMPLE: Example = {
  summary: 'The first three samples',
  value: {
    intervalSeconds: 10,
    keptSeconds: 21600,
    at: [1795975743, 1795975753, 1795975763],
    indicators: {
      enclave: 'uuu',
      attestation: 'uuu',
      keys: 'uuu',
      database: 'uuu',
      redis: 'uuu',
      queue: 'uuu',
      budget: 'uuu',
    },
    attestationAgeSeconds: [0.3, 10.4, 5.4],
  } satisfies HealthHistory,
};
export const ADMIN_HISTORY_EXAMPLE: Example = {
  summary: 'The first three samples, with one message',
  value: {
    intervalSeconds: 10,
    keptSeconds: 21600,
    at: [1795975743, 1795975753, 1795975763],
    queue: { waiting: [0, 0, 0], overdueSeconds: [0, 0, 0] },
    budget: {
      hour: {
        spentMicroUsd: [0, 30000, 30000],
        reservedMicroUsd: [0, 0, 0],
        capMicroUsd: [100000000, 100000000, 100000000],
      },
      day: {
        spentMicroUsd: [0, 30000, 30000],
        reservedMicroUsd: [0, 0, 0],
        capMicroUsd: [500000000, 500000000, 500000000],
      },
    },
    latency: {
      accept: { count: [0, 1, 0], p50Ms: [null, 37.5, null], p95Ms: [null, 48.8, null] },
      relay: { count: [0, 1, 0], p50Ms: [null, 175, null], p95Ms: [null, 242.5, null] },
      delivery: { count: [0, 1, 0], p50Ms: [null, 175, null], p95Ms: [null, 242.5, null] },
    },
  } satisfies AdminHistory,
};
