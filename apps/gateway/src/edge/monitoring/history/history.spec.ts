import { Histogram, Registry } from 'prom-client';
import { bucketsOf, latencyBetween } from './latency';
import { statusesOf } from './history';
import { adminHistoryOf, adminHistorySchema, healthHistoryOf, healthHistorySchema } from './history-view';
import { type Sample, SampleRing } from './samples';

const nothing = { count: 0, p50Ms: null, p95Ms: null };
const sampleAt = (atMs: number, over: Partial<Sample> = {}): Sample => ({
  atMs,
  indicators: {
    enclave: 'up',
    attestation: 'up',
    keys: 'degraded',
    database: 'down',
    redis: 'unused',
    queue: 'up',
    budget: 'up',
  },
  attestationAgeMs: 1234,
  queue: { waiting: 3, overdueMs: 1500 },
  budget: {
    hour: { reservedMicroUsd: 1n, spentMicroUsd: 2n, capMicroUsd: 3n },
    day: { reservedMicroUsd: 4n, spentMicroUsd: 5n, capMicroUsd: 6n },
  },
  latency: { accept: { count: 2, p50Ms: 1.5, p95Ms: 9 }, relay: nothing, delivery: nothing },
  ...over,
});

describe('the ring of samples', () => {
  it('keeps the last samples in order, and returns those after a given time', () => {
    const ring = new SampleRing(3);
    expect(ring.since(0)).toEqual([]);
    for (const at of [1, 2, 3, 4, 5]) ring.add(sampleAt(at));
    expect(ring.since(0).map(({ atMs }) => atMs)).toEqual([3, 4, 5]);
    expect(ring.since(4).map(({ atMs }) => atMs)).toEqual([5]);
  });
});

it('a sample reports an indicator as up, degraded or down, and Redis as unused if none is configured', () => {
  const up = { status: 'up' };
  const all = { enclave: up, attestation: up, keys: { status: 'degraded' }, database: {}, queue: up, budget: up };
  const redis = (state: object) => statusesOf({ ...all, redis: { ...state } }).redis;
  expect(statusesOf({ ...all, redis: up })).toMatchObject({ enclave: 'up', keys: 'degraded', database: 'down' });
  expect([
    redis({ status: 'up', store: 'redis' }),
    redis({ status: 'up', store: 'memory' }),
    redis({ status: 'down', code: 'redis_unavailable' }),
  ]).toEqual(['up', 'unused', 'down']);
});

describe('latency between two readings', () => {
  it('covers only the requests between them, and is estimated within a bucket', async () => {
    const registry = new Registry();
    const histogram = new Histogram({
      name: 'communique_http_request_duration_seconds',
      help: 'x',
      labelNames: ['method', 'route'],
      buckets: [0.1, 0.2, 1],
      registers: [registry],
    });
    const observe = (seconds: number, route = '/api/messages') => {
      histogram.observe({ method: 'POST', route }, seconds);
    };
    observe(50);
    const before = await bucketsOf(registry, 'accept');
    for (let index = 0; index < 9; index++) observe(0.15);
    observe(50, '/other');
    observe(0.5);
    const after = await bucketsOf(registry, 'accept');
    expect(latencyBetween(before, after)).toEqual({ count: 10, p50Ms: 155.6, p95Ms: 600 });
    expect(latencyBetween(after, after)).toEqual(nothing);
    observe(50);
    expect(latencyBetween(after, await bucketsOf(registry, 'accept'))).toEqual({ count: 1, p50Ms: 1000, p95Ms: 1000 });
  });

  it('cannot be read if the metric does not exist', async () => {
    await expect(bucketsOf(new Registry(), 'relay')).rejects.toThrow('communique_enclave_request_duration_seconds');
  });
});

describe('the views of the history', () => {
  const kept = { intervalSeconds: 10, keptSeconds: 60 };
  const samples = [sampleAt(1000), sampleAt(11_999, { queue: null, budget: null, attestationAgeMs: null })];

  it('show the public states and the age of the verification, but no numbers of queue and budget', () => {
    const view = healthHistoryOf(samples, kept);
    expect(healthHistorySchema.parse(view)).toEqual({
      ...kept,
      at: [1, 11],
      indicators: {
        enclave: 'uu',
        attestation: 'uu',
        keys: 'gg',
        database: 'dd',
        redis: 'nn',
        queue: 'uu',
        budget: 'uu',
      },
      attestationAgeSeconds: [1.2, null],
    });
  });

  it('show operators null where the database could not be asked', () => {
    const view = adminHistoryOf(samples, kept);
    expect(adminHistorySchema.parse(view)).toMatchObject({
      queue: { waiting: [3, null], overdueSeconds: [1.5, null] },
      budget: {
        hour: { spentMicroUsd: [2, null], reservedMicroUsd: [1, null], capMicroUsd: [3, null] },
        day: { capMicroUsd: [6, null] },
      },
      latency: { accept: { count: [2, 2], p50Ms: [1.5, 1.5], p95Ms: [9, 9] }, relay: { p50Ms: [null, null] } },
    });
  });
});
