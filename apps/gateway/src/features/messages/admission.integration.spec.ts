import { randomBytes, randomUUID } from 'node:crypto';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { Database } from '../../core/database/database';
import { testConfig } from '../../testing/gateway-under-test';
import { Metrics } from '../../core/telemetry/metrics';
import { Admission } from './admission';
import { MessageMetrics } from './message-metrics';

describe('Admission', () => {
  let postgres: Postgres;
  let databaseUrl: string;
  let database: Database;
  let nowMs = 0;
  let reads: jest.SpyInstance;

  beforeAll(async () => {
    postgres = await startPostgres();
    databaseUrl = await postgres.createMigratedDatabase();
    database = new Database(
      testConfig({ DATABASE_URL: databaseUrl, AUTH_JWKS_FILE: '/x', TEE_ENABLE_ATTESTATION_VERIFICATION: 'false' }),
    );
  });
  afterAll(async () => {
    await database.onApplicationShutdown();
    await postgres.stop();
  });
  beforeEach(() => {
    nowMs = 1_000_000;
    jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
    reads = jest.spyOn(database, 'read');
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await database.client.message.deleteMany();
  });

  const admission = (maxWaiting = 3, maxAgeMs = 60_000, metrics = new MessageMetrics(new Metrics())) =>
    new Admission({ admission: { maxWaiting, maxAgeMs } }, database, metrics);
  async function enqueue(count: number, due = new Date(), leaseUntil: Date | null = null): Promise<void> {
    for (let n = 0; n < count; n++) {
      const id = randomUUID();
      const [keyId, expiresAt] = [new Uint8Array(16), new Date(Date.now() + 3_600_000)];
      await database.client.message.create({
        data: {
          id,
          owner: 'x'.repeat(43),
          sealedSha256: new Uint8Array(randomBytes(32)),
          keyId,
          expiresAt,
          job: { create: { sealed: new Uint8Array(1), keyId, expiresAt, nextAttemptAt: due, leaseUntil } },
        },
      });
    }
  }
  const overloaded = { code: 'overloaded', retryAfterSeconds: expect.any(Number) as number };

  it('admits messages until the queue is at its limit', async () => {
    await enqueue(3);
    expect(await admission().refusal()).toBeNull();
    await enqueue(1);
    const refusal = await admission().refusal();
    expect(refusal).toMatchObject(overloaded);
    expect(refusal?.retryAfterSeconds).toBeGreaterThanOrEqual(10);
    expect(refusal?.retryAfterSeconds).toBeLessThanOrEqual(20);
  });

  it('refuses messages while a due job waits too long for a worker', async () => {
    await enqueue(1, new Date(Date.now() - 30_000));
    expect(await admission().refusal()).toBeNull();
    await enqueue(1, new Date(Date.now() - 90_000));
    expect(await admission().refusal()).toMatchObject(overloaded);
  });

  it('counts refused messages by reason, from zero', async () => {
    const metrics = new Metrics();
    const refusals = async () =>
      (await metrics.registry.getSingleMetricAsString('communique_admission_refusals_total'))
        .split('\n')
        .filter((line) => !line.startsWith('#'));
    await enqueue(2, new Date(Date.now() - 90_000));
    const counts = new MessageMetrics(metrics);
    const counted = (maxWaiting: number, maxAgeMs: number) => admission(maxWaiting, maxAgeMs, counts);
    await counted(3, 600_000).refusal();
    expect(await refusals()).toEqual([
      'communique_admission_refusals_total{reason="queue_length"} 0',
      'communique_admission_refusals_total{reason="queue_age"} 0',
    ]);
    await counted(1, 600_000).refusal();
    await counted(3, 60_000).refusal();
    await counted(3, 60_000).refusal();
    expect(await refusals()).toEqual([
      'communique_admission_refusals_total{reason="queue_length"} 1',
      'communique_admission_refusals_total{reason="queue_age"} 2',
    ]);
  });

  it('does not count the age of a job that is under way or not yet due', async () => {
    await enqueue(1, new Date(Date.now() - 90_000), new Date(Date.now() + 60_000));
    await enqueue(1, new Date(Date.now() + 600_000));
    expect(await admission().refusal()).toBeNull();
  });

  it('checks once a second for any number of requests, and decides by the last check in between', async () => {
    const one = admission();
    await Promise.all(Array.from({ length: 50 }, () => one.refusal()));
    expect(reads).toHaveBeenCalledTimes(1);
    await enqueue(4);
    nowMs += 999;
    expect(await one.refusal()).toBeNull();
    nowMs += 2;
    expect(await Promise.all([one.refusal(), one.refusal()])).toEqual([null, null]); // they do not wait for the check that they start
    expect(reads).toHaveBeenCalledTimes(2);
    for (let round = 0; round < 600 && (await one.refusal()) === null; round++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await one.refusal()).toMatchObject(overloaded);
    await database.client.message.deleteMany();
    nowMs += 60_000; // the last check is too old to use
    expect(await one.refusal()).toBeNull();
  });

  it('keeps its decision when a check fails', async () => {
    const one = admission();
    expect(await one.refusal()).toBeNull();
    nowMs += 2000;
    reads.mockRejectedValueOnce(new Error('away'));
    expect(await one.refusal()).toBeNull();
  });
});
