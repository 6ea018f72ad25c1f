import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { Client } from 'pg';
import { DeliveryBench } from '../delivery/testing/delivery-bench';
import { BATCH_ROWS, Retention } from './retention';

const DAY_MS = 86_400_000;
const NOW = new Date('2026-11-22T12:00:00Z');
const ago = (days: number) => new Date(NOW.getTime() - days * DAY_MS);

describe('Retention', () => {
  let postgres: Postgres;
  let databaseUrl: string;
  let bench: DeliveryBench;
  let retention: Retention;
  const prisma = () => bench.database.client;

  beforeAll(async () => {
    postgres = await startPostgres();
    databaseUrl = await postgres.createMigratedDatabase();
    bench = new DeliveryBench({
      database: { url: databaseUrl, poolSize: 5 },
      enclave: { addresses: ['unix:/nonexistent/enclave'], timeoutMs: 1000 },
      attestation: { verify: false, acceptedMeasurements: [], cacheMs: 0, maxAgeMs: 0 },
      delivery: { concurrency: 2, leaseMs: 60_000, minBackoffMs: 10, maxBackoffMs: 20, pollMs: 20 },
      budget: {
        userDayCapMicroUsd: 10n ** 9n,
        userDayMessages: 0,
        systemHourCapMicroUsd: 10n ** 9n,
        systemDayCapMicroUsd: 10n ** 9n,
        deliveryPriceMicroUsd: 10_000n,
      },
    });
    retention = new Retention({ retention: { messagesDays: 30, ledgerDays: 400 } }, bench.database);
  });
  afterAll(async () => {
    await bench.close();
    await postgres.stop();
  });
  afterEach(async () => {
    await prisma().message.deleteMany();
    await prisma().reservation.deleteMany();
    await prisma().budgetWindow.deleteMany();
  });

  /** Makes a message with an idempotency key, ends it as the queue does, and sets its end to `endedAt`. */
  async function endedMessage(endedAt: Date, expiresAt = endedAt): Promise<string> {
    const { messageId } = await bench.accept();
    const [job] = await bench.queue.lease(1, 'a', 'any');
    if (job?.messageId !== messageId) throw new Error('another job was due');
    await bench.queue.end(job, {
      kind: 'end',
      status: 'delivered',
      reason: null,
      cost: { copies: ['accepted'] },
      answer: null,
    });
    await prisma().message.update({ where: { id: messageId }, data: { endedAt, expiresAt } });
    return messageId;
  }
  const remaining = async () => (await prisma().message.findMany({ select: { id: true } })).map(({ id }) => id);
  const reservation = (reservedAt: Date, settled = true) =>
    prisma().reservation.create({
      data: {
        messageId: crypto.randomUUID(),
        owner: 'x'.repeat(43),
        reservedMicroUsd: 5n,
        reservedAt,
        priceVersion: 'v',
        ...(settled ? { state: 'settled', settledMicroUsd: 5n, settledAt: reservedAt } : {}),
      },
      select: { id: true },
    });
  const window = (startsAt: Date, reservedMicroUsd = 0n) =>
    prisma().budgetWindow.create({
      data: { scope: 'system_day', subject: '', startsAt, reservedMicroUsd, spentMicroUsd: 5n },
    });

  it('leaves no sealed bytes of a message that has ended', async () => {
    const id = await endedMessage(ago(0));
    expect((await bench.message(id)).job).toBeNull();
    expect(await prisma().deliveryJob.count()).toBe(0);
  });

  it('deletes a message and its keys thirty days after its end, and keeps the ledger as it was written', async () => {
    const old = await endedMessage(ago(30.01));
    const young = await endedMessage(ago(29.99));
    expect(await retention.sweep(NOW)).toEqual({
      messages: 1,
      nullifiers: 0,
      windows: 0,
      reservations: 0,
      tasks: 0,
      keys: 0,
    });
    expect(await remaining()).toEqual([young]);
    expect((await prisma().idempotencyKey.findMany()).map(({ messageId }) => messageId)).toEqual([young]);
    expect(await prisma().reservation.findMany({ where: { messageId: old } })).toMatchObject([
      { state: 'settled', settledMicroUsd: 10_000n },
    ]);
  });

  it('keeps a message that has not ended with its job, however old it is', async () => {
    const { messageId } = await bench.accept(ago(100));
    await prisma().message.update({ where: { id: messageId }, data: { acceptedAt: ago(500) } });
    expect(await retention.sweep(NOW)).toMatchObject({ messages: 0 });
    expect((await bench.message(messageId)).job).not.toBeNull();
  });

  it('keeps a message whose sealed bytes could still be accepted again, however long ago it ended', async () => {
    const hasty = new Retention({ retention: { messagesDays: 1, ledgerDays: 400 } }, bench.database);
    const id = await endedMessage(ago(6), new Date(NOW.getTime() + DAY_MS));
    expect(await hasty.sweep(NOW)).toMatchObject({ messages: 0 });
    expect(await remaining()).toEqual([id]);
    expect(await hasty.sweep(new Date(NOW.getTime() + 2.1 * DAY_MS))).toMatchObject({ messages: 1 });
  });

  it('deletes settled reservations and windows by whole UTC days, so that the remaining sums agree', async () => {
    // The time 400 days before noon lies in this day, which is kept entirely.
    const day = new Date('2025-10-18T00:00:00Z');
    const kept = await reservation(day);
    await window(day);
    await reservation(new Date(day.getTime() - 1));
    await window(new Date(day.getTime() - DAY_MS));
    expect(await retention.sweep(NOW)).toEqual({
      messages: 0,
      nullifiers: 0,
      windows: 1,
      reservations: 1,
      tasks: 0,
      keys: 0,
    });
    expect(await prisma().reservation.findMany({ select: { id: true } })).toEqual([kept]);
    expect(await prisma().budgetWindow.findMany({ select: { startsAt: true } })).toEqual([{ startsAt: day }]);
  });

  it('deletes no open reservation and no window that counts one', async () => {
    await reservation(ago(500), false);
    await window(ago(500), 5n);
    expect(await retention.sweep(NOW)).toEqual({
      messages: 0,
      nullifiers: 0,
      windows: 0,
      reservations: 0,
      tasks: 0,
      keys: 0,
    });
  });

  it('deletes ended attempts of tasks with the ledger, but no open attempts', async () => {
    const attempt = (reservedAt: Date, state: 'reserved' | 'charged') =>
      prisma().agentReservation.create({
        data: {
          requestId: crypto.randomUUID(),
          attempt: 1,
          owner: 'x'.repeat(43),
          requestSha256: new Uint8Array(32),
          keyId: new Uint8Array(16),
          enclave: 'i-1-enc1',
          modelClass: 'quick',
          provider: 'openai',
          model: 'm',
          reservedMicroUsd: 5n,
          reservedAt,
          deadlineAt: reservedAt,
          priceVersion: 'v',
          ...(state === 'charged' && { state, spentMicroUsd: 5n, settledAt: reservedAt }),
        },
        select: { requestId: true },
      });
    await attempt(ago(402), 'charged');
    const kept = [await attempt(ago(402), 'reserved'), await attempt(ago(399), 'charged')];
    expect(await retention.sweep(NOW)).toMatchObject({ tasks: 1 });
    const left = await prisma().agentReservation.findMany({
      select: { requestId: true },
      orderBy: { reservedAt: 'asc' },
    });
    expect(left).toEqual(kept);
    await prisma().agentReservation.deleteMany();
  });

  it('deletes keys a month after their end, and no others', async () => {
    const key = (fill: number, destroyAfter: Date) =>
      prisma().sealedKey.create({
        data: {
          keyId: new Uint8Array(16).fill(fill),
          custody: 'c',
          pcr0: new Uint8Array(48),
          epoch: BigInt(fill),
          record: new Uint8Array(9),
          rotateAfter: new Date(destroyAfter.getTime() - 1),
          destroyAfter,
        },
      });
    await Promise.all([key(1, ago(31)), key(2, ago(29)), key(3, ago(-1))]);
    expect(await retention.sweep(NOW)).toMatchObject({ keys: 1 });
    expect((await prisma().sealedKey.findMany({ orderBy: { epoch: 'asc' } })).map(({ epoch }) => epoch)).toEqual([
      2n,
      3n,
    ]);
    await prisma().sealedKey.deleteMany();
  });

  it('keeps emergency stops and who cleared them', async () => {
    await prisma().emergencyStop.create({
      data: { raisedAt: ago(1000), reason: 'a test', clearedAt: ago(999), clearedBy: 'who', clearedWhy: 'why' },
    });
    await retention.sweep(NOW);
    expect(await prisma().emergencyStop.count()).toBe(1);
    await prisma().emergencyStop.deleteMany();
  });

  it('deletes batch after batch until no row is left, and stops between two batches when asked', async () => {
    const rows = 2 * BATCH_ROWS + 1;
    await prisma()
      .$executeRaw`INSERT INTO message (id, owner, sealed_sha256, key_id, status, accepted_at, expires_at, ended_at)
      SELECT gen_random_uuid(), 'x', sha256('x'), decode(repeat('00', 16), 'hex'), 'delivered', ${ago(60)}, ${ago(59)}, ${ago(59)} FROM generate_series(1, ${rows}::int)`;
    expect(await retention.sweep(NOW, AbortSignal.abort())).toMatchObject({ messages: BATCH_ROWS });
    expect(await retention.sweep(NOW)).toMatchObject({ messages: rows - BATCH_ROWS });
    expect(await prisma().message.count()).toBe(0);
  });

  it('leaves the sweep to the holder of the lock, and takes over when the holder is gone', async () => {
    await endedMessage(ago(31));
    const other = new Client({ connectionString: databaseUrl });
    await other.connect();
    await other.query('BEGIN');
    await other.query(`SELECT pg_advisory_xact_lock(${String(0x63_74_73_77_65_65_70n)})`);
    expect(await retention.sweep(NOW)).toBeNull();
    expect(await prisma().message.count()).toBe(1);
    await other.end(); // its lock ends with its session
    let swept = await retention.sweep(NOW);
    for (let round = 0; round < 600 && swept === null; round++) swept = await retention.sweep(NOW);
    expect(swept).toMatchObject({ messages: 1 });
  });

  it('may run in several gateways at once', async () => {
    await Promise.all(
      [1, 2, 3].map(
        () => prisma()
          .$executeRaw`INSERT INTO message (id, owner, sealed_sha256, key_id, status, accepted_at, expires_at, ended_at)
      SELECT gen_random_uuid(), 'x', sha256('x'), decode(repeat('00', 16), 'hex'), 'delivered', ${ago(60)}, ${ago(59)}, ${ago(59)} FROM generate_series(1, ${BATCH_ROWS}::int)`,
      ),
    );
    const swept = await Promise.all([retention.sweep(NOW), retention.sweep(NOW), retention.sweep(NOW)]);
    await retention.sweep(NOW);
    expect(swept.some((one) => one !== null)).toBe(true);
    expect(await prisma().message.count()).toBe(0);
  });
});
