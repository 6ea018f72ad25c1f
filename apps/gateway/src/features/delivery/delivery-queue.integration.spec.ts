import { decodeSealedMessage, toHex } from '@communique-tee/protocol';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import type { Decision } from './decision';
import { DeliveryBench, type BenchConfig } from './testing/delivery-bench';

const configOf = (url: string, leaseMs: number): BenchConfig => ({
  database: { url, poolSize: 5 },
  enclave: { addresses: ['unix:/nonexistent/enclave'], timeoutMs: 1000 },
  attestation: { verify: false, acceptedMeasurements: [], cacheMs: 0, maxAgeMs: 0 },
  delivery: { concurrency: 2, leaseMs, minBackoffMs: 10, maxBackoffMs: 20, pollMs: 20 },
  budget: {
    userDayCapMicroUsd: 10n ** 9n,
    userDayMessages: 0,
    systemHourCapMicroUsd: 10n ** 9n,
    systemDayCapMicroUsd: 10n ** 9n,
    deliveryPriceMicroUsd: 10_000n,
  },
});

const delivered: Extract<Decision, { kind: 'end' }> = {
  kind: 'end',
  status: 'delivered',
  reason: null,
  cost: { copies: ['accepted'] },
  answer: null,
};
const again: Extract<Decision, { kind: 'retry' }> = {
  kind: 'retry',
  reason: 'enclave_unavailable',
  retryAfterSeconds: null,
  dispatchStands: false,
  answer: null,
};

describe('DeliveryQueue', () => {
  let postgres: Postgres;
  let databaseUrl: string;
  let bench: DeliveryBench;
  /** Another process on the same tables, whose leases run out at once. */
  let hasty: DeliveryBench;

  beforeAll(async () => {
    postgres = await startPostgres();
    databaseUrl = await postgres.createMigratedDatabase();
    bench = new DeliveryBench(configOf(databaseUrl, 60_000));
    hasty = new DeliveryBench(configOf(databaseUrl, 1));
  });
  afterAll(async () => {
    await bench.close();
    await hasty.close();
    await postgres.stop();
  });
  afterEach(async () => {
    await bench.database.client.emergencyStop.deleteMany();
    await bench.database.client.deliveryJob.deleteMany();
  });

  const leaseOne = async (queue = bench.queue, owner = 'a') => {
    const [job] = await queue.lease(1, owner, 'any');
    if (job === undefined) throw new Error('nothing was due');
    return job;
  };
  const keyIdOf = ({ sealed }: { sealed: Uint8Array }) => toHex(decodeSealedMessage(sealed).keyId);
  const outlive = () => new Promise((resolve) => setTimeout(resolve, 20));

  it('leases a due job once, with all its data', async () => {
    const { messageId, sealed } = await bench.accept();
    const job = await leaseOne();
    expect(job).toMatchObject({
      messageId,
      leaseOwner: 'a',
      attempt: 1,
      expired: false,
      dispatchedBefore: false,
      interimReceipt: null,
    });
    expect(Buffer.from(job.sealed).equals(sealed)).toBe(true);
    expect(await bench.queue.lease(9, 'b', 'any')).toEqual([]);
    expect(await bench.message(messageId)).toMatchObject({ status: 'delivering', attempts: 1 });
  });

  it('never leases one job to two simultaneous callers', async () => {
    const accepted = await Promise.all(Array.from({ length: 8 }, () => bench.accept()));
    const jobs = (await Promise.all(['a', 'b', 'c', 'd'].map((owner) => bench.queue.lease(4, owner, 'any')))).flat();
    const rest = await bench.queue.lease(8, 'e', 'any');
    const ids = [...jobs, ...rest].map(({ messageId }) => messageId);
    expect(ids.sort()).toEqual(accepted.map(({ messageId }) => messageId).sort());
  });

  it('leases only expired jobs if the worker asks for those', async () => {
    await bench.accept();
    const old = await bench.accept(new Date(Date.now() - 1000));
    expect(await bench.queue.lease(9, 'a', 'expired')).toMatchObject([{ messageId: old.messageId, expired: true }]);
  });

  it('leases accepted messages while an emergency stop is set', async () => {
    const accepted = [await bench.accept(), await bench.accept(), await bench.accept()];
    await bench.emergencyStop.raise('a test');
    const leased = [
      ...(await bench.queue.lease(1, 'a', 'any')),
      ...(await bench.queue.lease(1, 'a', { otherThan: ['ab'.repeat(16)] })),
      ...(await bench.queue.lease(9, 'a', { keyIds: accepted.map(keyIdOf) })),
    ];
    expect(leased.map(({ messageId }) => messageId).sort()).toEqual(accepted.map(({ messageId }) => messageId).sort());
  });

  it('finds an expired job without reading the backlog', async () => {
    const { messageId } = await bench.accept();
    await bench.database.client.$executeRaw`
      WITH copies AS (
        INSERT INTO message (id, owner, sealed_sha256, key_id, expires_at)
        SELECT gen_random_uuid(), owner, sealed_sha256, key_id, expires_at FROM message, generate_series(1, 20000) WHERE id = ${messageId}::uuid
        RETURNING id, key_id, expires_at)
      INSERT INTO delivery_job (message_id, sealed, key_id, expires_at) SELECT id, 'x', key_id, expires_at FROM copies`;
    await bench.accept(new Date(Date.now() - 1000));
    // Statistics are flushed per connection, so this bench has only one.
    const alone = new DeliveryBench({ ...bench.config, database: { ...bench.config.database, poolSize: 1 } });
    try {
      const read = async () => {
        await alone.database.client.$queryRaw`SELECT pg_stat_force_next_flush()::text`;
        const [counts] = await alone.database.client.$queryRaw<[{ rows: number }]>`
          SELECT (seq_tup_read + idx_tup_fetch)::int AS rows FROM pg_stat_user_tables WHERE relname = 'delivery_job'`;
        return counts.rows;
      };
      const before = await read();
      expect(await alone.queue.lease(9, 'a', 'expired')).toHaveLength(1);
      expect((await read()) - before).toBeLessThan(200);
    } finally {
      await alone.close();
    }
  });

  it('leases a job again after its lease ran out, and reports whether it was dispatched before', async () => {
    await bench.accept();
    const first = await leaseOne(hasty.queue, 'first');
    await outlive();
    expect(await bench.queue.dispatch(first)).toBe(false); // too late to send
    const second = await leaseOne(hasty.queue, 'second');
    expect(second).toMatchObject({ messageId: first.messageId, attempt: 2, dispatchedBefore: false });
    await bench.database.client.deliveryJob.updateMany({ data: { dispatchedAt: new Date() } });
    await outlive();
    expect(await leaseOne(bench.queue, 'third')).toMatchObject({ attempt: 3, dispatchedBefore: true });
  });

  it('settles at the price of the reservation even if the operator has changed the price since', async () => {
    const { messageId } = await bench.accept();
    const free = new DeliveryBench({ ...bench.config, budget: { ...bench.config.budget, deliveryPriceMicroUsd: 0n } });
    try {
      const { messageId: unpriced } = await free.accept();
      for (const job of await free.queue.lease(2, 'a', 'any')) expect(await free.queue.end(job, delivered)).toBe(true);
      expect((await bench.message(messageId)).reservations).toMatchObject([
        { state: 'settled', reservedMicroUsd: 40_000n, settledMicroUsd: 10_000n, priceVersion: '2026-11-30:0.01' },
      ]);
      expect(await bench.message(unpriced)).toMatchObject({ status: 'delivered', reservations: [] });
    } finally {
      await free.close();
    }
  });

  it('dispatches and ends several jobs at once, each under its own lease and with its own answer', async () => {
    const budget = { ...bench.config.budget, deliveryPriceMicroUsd: 0n };
    const free = new DeliveryBench({ ...bench.config, budget });
    try {
      for (let count = 0; count < 3; count++) await free.accept();
      const jobs = await free.queue.lease(3, 'a', 'any');
      const [lost] = jobs;
      if (lost === undefined) throw new Error('nothing was due');
      const where = { messageId: lost.messageId };
      await free.database.client.deliveryJob.update({ where, data: { leaseOwner: 'another' } });
      expect(await Promise.all(jobs.map((job) => free.queue.dispatch(job)))).toEqual([false, true, true]);
      const answerOf = (at: number) => ({
        ...{ state: 'final' as const, retryAfterSeconds: null, withheld: 0, receipt: `receipt ${String(at)}` },
        ...{ attestationDocument: new Uint8Array([at, 1, 2]), answer: new Uint8Array([at, 3]) },
      });
      const ends = jobs.map((job, at) => free.queue.end(job, { ...delivered, answer: answerOf(at) }));
      expect(await Promise.all(ends)).toEqual([false, true, true]);
      const [kept, ...ended] = await Promise.all(jobs.map(({ messageId }) => free.message(messageId)));
      expect(kept).toMatchObject({
        status: 'delivering',
        receipt: null,
        job: { leaseOwner: 'another', relayed: false },
      });
      expect(ended).toMatchObject(
        [1, 2].map((at) => ({
          ...{ status: 'delivered', job: null, receipt: `receipt ${String(at)}` },
          ...{ attestationDocument: new Uint8Array([at, 1, 2]), sealedAnswer: new Uint8Array([at, 3]) },
        })),
      );
    } finally {
      await free.close();
    }
  });

  it('ignores writes under an old lease after another worker took the job', async () => {
    const { messageId } = await bench.accept();
    const first = await leaseOne(hasty.queue, 'first');
    await outlive();
    const second = await leaseOne(bench.queue, 'second');
    expect(await bench.queue.end(first, delivered)).toBe(false);
    expect(await bench.queue.retry(first, again, 0)).toBe(false);
    await bench.queue.release(first);
    expect(await bench.message(messageId)).toMatchObject({
      status: 'delivering',
      attempts: 2,
      job: { leaseOwner: 'second' },
      reservations: [{ state: 'reserved' }],
    });
    expect(await bench.queue.end(second, delivered)).toBe(true);
    expect(await bench.queue.end(second, { ...delivered, status: 'refused' })).toBe(false);
    expect(await bench.message(messageId)).toMatchObject({ status: 'delivered', job: null });
  });

  it('accepts writes under an expired lease as long as no other worker took the job', async () => {
    const { messageId } = await bench.accept();
    const job = await leaseOne(hasty.queue);
    await outlive();
    expect(await bench.queue.end(job, delivered)).toBe(true);
    expect(await bench.message(messageId)).toMatchObject({ status: 'delivered' });
  });

  it('ends a message, its job and its reservation together', async () => {
    const { messageId } = await bench.accept();
    const job = await leaseOne();
    const answer = {
      state: 'final',
      retryAfterSeconds: null,
      withheld: 0,
      receipt: 'a.b.c',
      attestationDocument: new Uint8Array([1]),
      answer: new Uint8Array([2]),
    } as const;
    await bench.queue.end(job, { ...delivered, cost: { copies: ['accepted', 'refused', 'unknown'] }, answer });
    expect(await bench.message(messageId)).toMatchObject({
      status: 'delivered',
      receipt: 'a.b.c',
      attestationDocument: Uint8Array.of(1),
      sealedAnswer: Uint8Array.of(2),
      endedAt: expect.any(Date) as Date,
      job: null,
      reservations: [{ state: 'settled', settledMicroUsd: 20_000n }],
    });
  });

  it('ends no message if the settlement fails', async () => {
    const { messageId } = await bench.accept();
    const job = await leaseOne();
    await bench.database.client
      .$executeRaw`ALTER TABLE reservation ADD CONSTRAINT broken CHECK (state <> 'settled') NOT VALID`;
    try {
      await expect(bench.queue.end(job, delivered)).rejects.toThrow();
    } finally {
      await bench.database.client.$executeRaw`ALTER TABLE reservation DROP CONSTRAINT broken`;
    }
    expect(await bench.message(messageId)).toMatchObject({
      status: 'delivering',
      endedAt: null,
      job: { leaseOwner: 'a' },
      reservations: [{ state: 'reserved' }],
    });
    expect(await bench.queue.end(job, delivered)).toBe(true);
  });

  it('settles an unknown cost at the whole reservation', async () => {
    const { messageId } = await bench.accept();
    await bench.queue.end(await leaseOne(), { ...delivered, status: 'unknown', cost: 'reservation' });
    expect(await bench.message(messageId)).toMatchObject({
      reservations: [{ state: 'settled', settledMicroUsd: 40_000n, reservedMicroUsd: 40_000n }],
    });
  });

  it.each([true, false])(
    'puts a job back for a later attempt and keeps its interim receipt; the job still counts as dispatched: %s',
    async (dispatchStands) => {
      const { messageId } = await bench.accept();
      const job = await leaseOne();
      await bench.queue.dispatch(job);
      const answer = {
        state: 'pending',
        retryAfterSeconds: 1,
        withheld: 0,
        receipt: 'a.b.c',
        attestationDocument: new Uint8Array([1]),
        answer: new Uint8Array([2]),
      } as const;
      await bench.queue.retry(job, { ...again, dispatchStands, answer }, 3_000_000);
      const waiting = await bench.message(messageId);
      expect(waiting).toMatchObject({
        status: 'queued',
        reason: 'enclave_unavailable',
        receipt: 'a.b.c',
        job: { leaseOwner: null, leaseUntil: null, dispatchedAt: dispatchStands ? (expect.any(Date) as Date) : null },
      });
      expect(await bench.queue.lease(1, 'b', 'any')).toEqual([]);
      await bench.database.client.deliveryJob.updateMany({ data: { nextAttemptAt: new Date(0) } });
      const next = await leaseOne();
      expect(next.interimReceipt).toBe('a.b.c');
      await bench.queue.retry(next, again, 0);
      expect(await bench.message(messageId)).toMatchObject({ receipt: 'a.b.c' });
    },
  );

  it('sets the next attempt no later than the message’s expiry', async () => {
    const expiresAt = new Date(Date.now() + 60_000);
    const { messageId } = await bench.accept(expiresAt);
    await bench.queue.retry(await leaseOne(), again, 86_400_000);
    expect((await bench.message(messageId)).job?.nextAttemptAt).toEqual(expiresAt);
  });

  it('releases a job as if it had never been leased', async () => {
    const { messageId } = await bench.accept();
    await bench.queue.release(await leaseOne());
    expect(await bench.message(messageId)).toMatchObject({
      status: 'queued',
      attempts: 0,
      job: { leaseOwner: null, dispatchedAt: null },
    });
    expect(await leaseOne()).toMatchObject({ attempt: 1 });
  });

  it('reports how many messages wait and how long the longest overdue job has been due', async () => {
    expect(await bench.queue.state()).toEqual({ waiting: 0, overdueMs: 0 });
    await bench.accept();
    await bench.accept();
    await bench.database.client.deliveryJob.updateMany({ data: { nextAttemptAt: new Date(Date.now() - 90_000) } });
    const state = await bench.queue.state();
    expect(state.waiting).toBe(2);
    expect(state.overdueMs).toBeGreaterThanOrEqual(90_000);
    await bench.queue.lease(2, 'a', 'any');
    expect(await bench.queue.state()).toEqual({ waiting: 2, overdueMs: 0 });
  });
});
