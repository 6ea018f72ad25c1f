import * as z from 'zod';
import { INDICATORS, LATENCIES, type Amounts, type IndicatorStatus, type Sample } from './samples';

const seconds = z.number().min(0).nullable();
const count = z.int().min(0).nullable();
const common = {
  intervalSeconds: z.int(),
  keptSeconds: z.int(),
  at: z.array(z.int()).describe('Unix seconds of each sample, ascending; every other list has one entry for each.'),
};
const microUsd = z.array(count);
const window = z.strictObject({ spentMicroUsd: microUsd, reservedMicroUsd: microUsd, capMicroUsd: microUsd });
const latency = z.strictObject({ count: z.array(z.int()), p50Ms: z.array(seconds), p95Ms: z.array(seconds) });
const LETTERS: Readonly<Record<IndicatorStatus, string>> = { up: 'u', degraded: 'g', down: 'd' };
const letters = z
  .string()
  .regex(/^[ugd]*$/)
  .describe('One letter for each sample: u up, g degraded, d down.');

/** Answer of GET /api/health/history. */
export const healthHistorySchema = z.strictObject({
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
  attestationAgeSeconds: z.array(seconds).describe('Since this gateway last verified an enclave.'),
});
export type HealthHistory = z.output<typeof healthHistorySchema>;

/** Answer of GET /api/admin/history. Null: the database could not be asked, or nothing happened. */
export const adminHistorySchema = z.strictObject({
  ...common,
  queue: z.strictObject({ waiting: microUsd, overdueSeconds: z.array(seconds) }),
  budget: z.strictObject({ hour: window, day: window }),
  latency: z.strictObject({ accept: latency, relay: latency, delivery: latency }),
});
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
