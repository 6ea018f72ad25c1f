import { randomBytes } from 'node:crypto';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { Database } from '../../core/database/database';
import { testConfig } from '../../testing/gateway-under-test';
import { sealedMessage } from '../../testing/sealed';
import { Admission } from '../messages/admission';
import { MessagesService } from '../messages/messages.service';
import { submissionOf, type Submission } from './submission';
import { Metrics } from '../../core/telemetry/metrics';
import { DeliverySignal } from '../delivery/delivery-signal';
import { MessageMetrics } from '../messages/message-metrics';
import { windowsOf } from '../budget/windows';
import { acceptanceParts } from './testing/acceptance-parts';

const PRICE = 40_000n;
const owner = (name: string) => name.padEnd(43, '_');

/** These tests use a real PostgreSQL; each test has its own database. */
describe('messages accepted in batches', () => {
  let postgres: Postgres;
  const databases: Database[] = [];

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(async () => {
    for (const database of databases) await database.onApplicationShutdown();
    await postgres.stop();
  });

  async function setUp(environment: Record<string, string> = {}) {
    const config = testConfig({
      DATABASE_URL: await postgres.createMigratedDatabase(),
      AUTH_JWKS_FILE: '/nonexistent',
      ...environment,
    });
    const { database, acceptance } = acceptanceParts(config);
    databases.push(database);
    const metrics = new MessageMetrics(new Metrics());
    const service = new MessagesService(
      database,
      acceptance,
      new Admission(config, database, metrics),
      metrics,
      new DeliverySignal(),
    );
    const outcome = (who: string, submission: Submission, key?: string) =>
      service.accept(owner(who), submission, key).then(
        ({ status }) => status as string,
        (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'unexpected'),
      );
    return { config, database, outcome };
  }
  const fresh = () => submissionOf(sealedMessage());

  it('are each committed completely, in far fewer transactions than messages', async () => {
    const { database, outcome } = await setUp();
    const submissions = Array.from({ length: 300 }, fresh);
    const outcomes = await Promise.all(
      submissions.map((submission, at) => outcome(`user-${String(at % 7)}`, submission)),
    );
    expect(new Set(outcomes)).toEqual(new Set(['queued']));
    const [counts] = await database.client.$queryRaw<
      [
        {
          messages: number;
          transactions: number;
          jobs: number;
          keys: number;
          reserved: bigint;
          day: bigint;
          users: bigint;
        },
      ]
    >`
      SELECT (SELECT count(*)::int FROM message) AS messages, (SELECT count(DISTINCT xmin::text)::int FROM message) AS transactions,
             (SELECT count(*)::int FROM delivery_job) AS jobs, (SELECT count(*)::int FROM idempotency_key) AS keys,
             (SELECT sum(reserved_micro_usd)::bigint FROM reservation) AS reserved,
             (SELECT reserved_micro_usd FROM budget_window WHERE scope = 'system_day') AS day,
             (SELECT sum(reserved_micro_usd)::bigint FROM budget_window WHERE scope = 'user_day') AS users`;
    expect(counts).toMatchObject({
      messages: 300,
      jobs: 300,
      keys: 300,
      reserved: 300n * PRICE,
      day: 300n * PRICE,
      users: 300n * PRICE,
    });
    expect(counts.transactions).toBeLessThan(60);
    for (const { messageId, sealed } of submissions) {
      const job = await database.client.deliveryJob.findUniqueOrThrow({ where: { messageId } });
      expect(Buffer.compare(job.sealed, sealed)).toBe(0);
    }
  });

  it('wait in a queue that is limited in length and time, and leave no trace when they are rejected', async () => {
    const { config, database, outcome } = await setUp({ DATABASE_POOL_SIZE: '4' });
    // Every request waits for the row of the system's day, which this transaction locks
    expect(await outcome('first', fresh())).toBe('queued');
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const other = new Database(config);
    databases.push(other);
    const holding = other.transaction(async (transaction) => {
      await transaction.$queryRaw`SELECT FROM budget_window WHERE scope = 'system_day' FOR UPDATE`;
      await held;
    });
    const startedMs = performance.now();
    const outcomes = Promise.all(Array.from({ length: 3000 }, (_, at) => outcome(`user-${String(at)}`, fresh())));
    await new Promise((resolve) => setTimeout(resolve, 6500));
    letGo();
    await holding;
    const counts = Object.entries(Object.groupBy(await outcomes, (text) => text)).map(([text, all]) => [
      text,
      all?.length,
    ]);
    const { queued = 0, overloaded = 0, ...others } = Object.fromEntries(counts) as Record<string, number>;
    expect(others).toEqual({});
    expect(overloaded).toBeGreaterThan(2000);
    expect(performance.now() - startedMs).toBeLessThan(30_000);
    expect(await database.client.message.count()).toBe(queued + 1);
  });

  it('are accepted without a sequential scan of the growing table of messages', async () => {
    const { config, database, outcome } = await setUp();
    for (let round = 0; round < 12; round++) {
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, at) => outcome(`user-${String(at)}`, fresh())));
      expect(new Set(outcomes)).toEqual(new Set(['queued']));
    }
    await database.onApplicationShutdown(); // sessions report their counts when they end
    const look = new Database(config);
    databases.push(look);
    const [{ rows }] = await look.client.$queryRaw<
      [{ rows: number }]
    >`SELECT seq_tup_read::int AS rows FROM pg_stat_user_tables WHERE relname = 'message'`;
    expect(rows).toBe(0);
  });

  it('of the largest size are stored in batches that the database can take', async () => {
    const { database, outcome } = await setUp();
    const large = Array.from({ length: 12 }, () =>
      submissionOf(sealedMessage({ ciphertext: new Uint8Array(randomBytes(256 * 1024 + 16)) })),
    );
    expect(new Set(await Promise.all(large.map((submission) => outcome('alice', submission))))).toEqual(
      new Set(['queued']),
    );
    expect(await database.client.deliveryJob.count()).toBe(12);
  });

  it('do not wait for an earlier batch that hangs', async () => {
    const { database, outcome } = await setUp();
    const [stuck, other] = [fresh(), fresh()];
    let held: Promise<string> | undefined;
    await database.transaction(async (transaction) => {
      // Another transaction is about to accept the same id, and is slow.
      const { messageId: id, sealedSha256, keyId, expiresAt } = stuck;
      await transaction.message.create({ data: { id, owner: owner('b'), sealedSha256, keyId, expiresAt } });
      held = outcome('a', stuck);
      expect(await outcome('c', other)).toBe('queued');
    });
    expect(await held).toBe('message_id_taken');
  });

  it('that are posted twice at once become one message with one reservation', async () => {
    const { database, outcome } = await setUp();
    const submissions = Array.from({ length: 20 }, fresh);
    const outcomes = await Promise.all(
      [...submissions, ...submissions, ...submissions].map((submission) => outcome('alice', submission)),
    );
    expect(new Set(outcomes)).toEqual(new Set(['queued']));
    expect(await database.client.reservation.count()).toBe(20);
  });

  it('are accepted even if others in the batch are refused', async () => {
    const { database, outcome } = await setUp();
    const [taken, other] = [fresh(), fresh()];
    await outcome('alice', taken, 'key-1');
    const clash = { ...fresh(), messageId: taken.messageId };
    const good = Array.from({ length: 10 }, fresh);
    const outcomes = await Promise.all([
      ...good.slice(0, 5).map((submission) => outcome('bob', submission)),
      outcome('bob', clash),
      outcome('alice', clash),
      outcome('alice', other, 'key-1'),
      ...good.slice(5).map((submission) => outcome('bob', submission)),
    ]);
    expect(outcomes).toEqual([
      ...Array<string>(5).fill('queued'),
      'message_id_taken',
      'message_id_taken',
      'idempotency_key_reused',
      ...Array<string>(5).fill('queued'),
    ]);
    expect(await database.client.message.count()).toBe(11);
    expect(await database.client.reservation.count()).toBe(11);
  });

  it('of one user are refused when that user’s cap is reached, while other users’ messages are accepted', async () => {
    // The cap has room for three messages of four cents each
    const { database, outcome } = await setUp({ DEFAULT_USER_DAILY_LIMIT: '0.13' });
    const posts = Array.from({ length: 30 }, (_, at) => ({
      who: at % 3 === 0 ? 'greedy' : `modest-${String(at)}`,
      submission: fresh(),
    }));
    const outcomes = await Promise.all(posts.map(({ who, submission }) => outcome(who, submission)));
    const of = (who: string) => outcomes.filter((_, at) => posts[at]?.who === who);
    expect(of('greedy').filter((status) => status === 'queued')).toHaveLength(3);
    expect(of('greedy').filter((status) => status === 'user_daily_limit_reached')).toHaveLength(7);
    expect(outcomes.filter((status) => status === 'queued')).toHaveLength(23);
    expect(await database.client.reservation.count()).toBe(23);
  });

  it('are accepted until the hourly cap of all users has no room for another', async () => {
    const { database, outcome } = await setUp({ SYSTEM_HOURLY_LIMIT: '1.00' });
    const outcomes = await Promise.all(Array.from({ length: 60 }, (_, at) => outcome(`user-${String(at)}`, fresh())));
    expect(outcomes.filter((status) => status === 'queued')).toHaveLength(25);
    expect(outcomes.filter((status) => status === 'system_hourly_limit_reached')).toHaveLength(35);
    const hour = await database.client.budgetWindow.findFirstOrThrow({ where: { scope: 'system_hour' } });
    expect(hour.reservedMicroUsd).toBe(25n * PRICE);
  });

  it('raise the emergency stop when the day’s threshold is spent, and are refused while it is set', async () => {
    const { database, outcome } = await setUp({ EMERGENCY_SHUTDOWN_THRESHOLD: '0.20' });
    const batch = (name: string) =>
      Promise.all(Array.from({ length: 12 }, (_, at) => outcome(`${name}-${String(at)}`, fresh())));
    expect(await batch('first')).toEqual([
      ...Array<string>(5).fill('queued'),
      ...Array<string>(7).fill('system_daily_limit_reached'),
    ]);
    expect(await database.client.emergencyStop.count()).toBe(0); // reserved money raises no stop
    await database.client
      .$executeRaw`UPDATE budget_window SET spent_micro_usd = reserved_micro_usd, reserved_micro_usd = 0`;
    expect(await batch('second')).toEqual(Array<string>(12).fill('emergency_stop'));
    expect(await database.client.emergencyStop.count({ where: { clearedAt: null } })).toBe(1);
    expect(await outcome('late', fresh())).toBe('emergency_stop');
  });

  it('without a price are accepted even if every cap is spent and a stop is set, and reserve no money', async () => {
    const { database, outcome } = await setUp({ DELIVERY_PRICE_PER_OFFICE: '0', MESSAGES_PER_USER_DAY: '2' });
    const { client } = database;
    const { hour, day } = windowsOf(new Date());
    // The next windows are filled too, in case the hour or the day ends meanwhile.
    const data = [0, 3_600_000, 86_400_000].flatMap((laterMs) => [
      { scope: 'user_day' as const, subject: owner('alice'), startsAt: new Date(day.getTime() + laterMs) },
      { scope: 'system_hour' as const, subject: '', startsAt: new Date(hour.getTime() + laterMs) },
      { scope: 'system_day' as const, subject: '', startsAt: new Date(day.getTime() + laterMs) },
    ]);
    await client.budgetWindow.createMany({ data: data.map((row) => ({ ...row, spentMicroUsd: 10n ** 12n })) });
    await client.emergencyStop.create({ data: { reason: 'a test' } });
    const posts = Array.from({ length: 3 }, () => ['alice', 'bob'].map((who) => outcome(who, fresh()))).flat();
    const outcomes = (await Promise.all(posts)).sort();
    expect(outcomes).toEqual([...Array<string>(2).fill('daily_messages_reached'), ...Array<string>(4).fill('queued')]);
    expect(await client.reservation.count()).toBe(0);
    expect(await client.deliveryJob.findMany({ select: { reservedMicroUsd: true, reservedAt: true } })).toEqual(
      Array(4).fill({ reservedMicroUsd: null, reservedAt: null }),
    );
    const written = await client.budgetWindow.findMany({ where: { messages: { gt: 0 } }, orderBy: { subject: 'asc' } });
    expect(
      written.map(({ scope, subject, reservedMicroUsd, messages }) => ({ scope, subject, reservedMicroUsd, messages })),
    ).toEqual(
      ['alice', 'bob'].map((who) => ({ scope: 'user_day', subject: owner(who), reservedMicroUsd: 0n, messages: 2 })),
    );
    expect(written.map(({ spentMicroUsd }) => spentMicroUsd)).toEqual([10n ** 12n, 0n]);
  });

  it('are all rejected when they cannot be stored', async () => {
    const { database, outcome } = await setUp();
    await database.client.$executeRaw`ALTER TABLE delivery_job ADD CONSTRAINT nothing_fits CHECK (false)`;
    expect(new Set(await Promise.all(Array.from({ length: 5 }, () => outcome('alice', fresh()))))).not.toContain(
      'queued',
    );
    expect(await database.client.message.count()).toBe(0);
    expect(await database.client.budgetWindow.count()).toBe(0);
  });

  it('are rejected while the queue is too long, unless they were accepted before', async () => {
    const { database, outcome } = await setUp({ ADMISSION_MAX_WAITING: '1' });
    const [first, second] = [fresh(), fresh()];
    expect(await outcome('a', first)).toBe('queued');
    expect(await outcome('a', second)).toBe('queued'); // the queue's length is read once a second
    const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);
    try {
      expect(await outcome('a', fresh())).toBe('overloaded');
      expect(await outcome('a', first)).toBe('queued');
      expect(await outcome('b', first)).toBe('overloaded'); // reveals nothing of another user's message
      expect(await database.client.message.count()).toBe(2);
    } finally {
      clock.mockRestore();
    }
  });

  it('can be accepted under the id of a message that is deleted while they wait', async () => {
    const { database, outcome } = await setUp();
    const first = fresh();
    expect(await outcome('a', first)).toBe('queued');
    await database.client.reservation.deleteMany(); // an ended message has no open reservation
    await database.client.deliveryJob.deleteMany();
    await database.client.message.updateMany({ data: { status: 'key_retired', endedAt: new Date() } });
    const again = { ...fresh(), messageId: first.messageId };
    // The row is locked so that the second post finds it, and deleted before that post gets the lock.
    let gone: Promise<string> | undefined;
    await database.transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT FROM message WHERE id = ${first.messageId}::uuid FOR UPDATE`;
      gone = outcome('a', again, 'another key');
      for (let round = 0; round < 600; round++) {
        const [{ waiting }] = await transaction.$queryRaw<
          [{ waiting: number }]
        >`SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted`;
        if (waiting > 0) break;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await transaction.$executeRaw`DELETE FROM message WHERE id = ${first.messageId}::uuid`;
    });
    expect(await gone).toBe('queued');
  });
});
