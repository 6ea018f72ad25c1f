import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { Client, type QueryResult } from 'pg';
import { testConfig } from '../../testing/gateway-under-test';
import { Retention } from '../retention/retention';
import { acceptanceParts, noise } from './testing/acceptance-parts';
import { unverifiedProof } from './testing/unverified-proof';
import type { Submission } from './submission';

const DAY_MS = 86_400_000;
const PRICE = 40_000n;

async function ledgerCheck(url: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const text = await readFile(join(workspaceRoot(), 'docs/operator/ledger-check.sql'), 'utf8');
  const results = (await client.query(text)) as unknown as QueryResult[];
  await client.end();
  return results.at(-1)?.rows ?? [];
}

/** Uses parts of two gateways on one real PostgreSQL. Each test has its own database. */
describe('messages with a proof of residence', () => {
  let postgres: Postgres;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  afterAll(() => postgres.stop());

  async function setUp(environment: Record<string, string> = {}) {
    const config = testConfig({
      DATABASE_URL: await postgres.createMigratedDatabase(),
      AUTH_JWKS_FILE: '/nonexistent',
      ...environment,
    });
    const gateways = [acceptanceParts(config), acceptanceParts(config)] as const;
    for (const { database } of gateways) closing.push(() => database.onApplicationShutdown());
    const accept = (submission: Submission, gateway: 0 | 1 = 0) =>
      gateways[gateway].acceptance.accept(submission, null).then(
        (stored) => (stored === null ? 'duplicate' : 'accepted'),
        (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'unexpected'),
      );
    const { database } = gateways[0];
    const rows = async () => ({
      messages: await database.client.message.count(),
      jobs: await database.client.deliveryJob.count(),
      nullifiers: await database.client.nullifier.count(),
      keys: await database.client.idempotencyKey.count(),
      ledger: await database.client.reservation.count(),
    });
    return { config, database, accept, rows, client: database.client };
  }
  const proven = (proof = unverifiedProof()) => noise({ proof });

  it('are accepted without an owner, a ledger row or an idempotency key, and count in the system’s windows', async () => {
    const { accept, rows, client, config } = await setUp();
    const { url } = config.database;
    expect(await Promise.all([accept(proven()), accept(proven())])).toEqual(['accepted', 'accepted']);
    expect(await rows()).toEqual({ messages: 2, jobs: 2, nullifiers: 2, keys: 0, ledger: 0 });
    const windows = await client.budgetWindow.findMany({ orderBy: { scope: 'asc' } });
    expect(windows.map(({ scope, reservedMicroUsd, messages }) => [scope, reservedMicroUsd, messages])).toEqual([
      ['system_hour', 2n * PRICE, 2],
      ['system_day', 2n * PRICE, 2],
    ]);
    expect(await client.message.findMany({ select: { owner: true } })).toEqual([{ owner: null }, { owner: null }]);
    // The check that operators run after a restore accepts these windows, and finds them wrong once the jobs are gone.
    expect(await ledgerCheck(url)).toEqual([]);
    await client.$executeRaw`DELETE FROM delivery_job`;
    expect(await ledgerCheck(url)).toHaveLength(2);
  });

  it('without a price are accepted under an emergency stop, and write no window and no reservation', async () => {
    const { accept, rows, client } = await setUp({ DELIVERY_PRICE_PER_OFFICE: '0' });
    await client.emergencyStop.create({ data: { reason: 'a test' } });
    const again = proven();
    expect(await Promise.all([accept(again), accept(proven())])).toEqual(['accepted', 'accepted']);
    expect(await accept(again)).toBe('duplicate');
    expect(await rows()).toEqual({ messages: 2, jobs: 2, nullifiers: 2, keys: 0, ledger: 0 });
    expect(await client.budgetWindow.count()).toBe(0);
    expect(await client.deliveryJob.count({ where: { reservedAt: null, reservedMicroUsd: null } })).toBe(2);
  });

  it('fill the hour’s cap to the last message that fits; refused messages leave no nullifier', async () => {
    const { accept, rows } = await setUp({ SYSTEM_HOURLY_LIMIT: '0.20' });
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => accept(proven())));
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(5);
    expect(outcomes.filter((outcome) => outcome === 'system_hourly_limit_reached')).toHaveLength(7);
    expect(await rows()).toMatchObject({ messages: 5, jobs: 5, nullifiers: 5 });
  });

  it('with one nullifier become one message, even if two gateways accept them at the same time', async () => {
    const { accept, rows } = await setUp();
    for (let round = 0; round < 10; round++) {
      const { nullifier } = unverifiedProof();
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, at) => accept(proven(unverifiedProof({ nullifier })), at % 2 === 0 ? 0 : 1)),
      );
      expect(outcomes.sort()).toEqual(['accepted', ...Array<string>(7).fill('already_sent')]);
    }
    expect(await rows()).toMatchObject({ messages: 10, jobs: 10, nullifiers: 10 });
  });

  it('are accepted in opposite orders by two gateways without a deadlock', async () => {
    const { accept } = await setUp();
    // Each message of one list shares a status hash with one message of the other list and a nullifier with another, so locks taken only in
    // order of the ids would deadlock.
    for (let round = 0; round < 10; round++) {
      const shared = Array.from({ length: 6 }, () => unverifiedProof());
      const [one, other] = [shared, [...shared].reverse()].map((proofs) =>
        proofs.map(({ statusSha256 }, at) =>
          proven(unverifiedProof({ statusSha256, nullifier: shared[at]?.nullifier ?? statusSha256 })),
        ),
      ) as [Submission[], Submission[]];
      const outcomes = await Promise.all([
        ...one.map((each) => accept(each, 0)),
        ...other.map((each) => accept(each, 1)),
      ]);
      expect(new Set(outcomes)).not.toContain('unexpected');
      expect(outcomes.filter((outcome) => outcome === 'accepted').length).toBeGreaterThan(0);
    }
  });

  it('are duplicates when they are proven again, even if the bytes of the proof differ', async () => {
    const { accept, rows, client } = await setUp();
    const first = proven();
    expect(await accept(first)).toBe('accepted');
    expect(await accept({ ...first, sealed: new Uint8Array([...first.sealed, 1]) }, 1)).toBe('duplicate');
    // These are refused: the same nullifier for another message, the same id for other bytes, the same status secret for another message
    expect(await accept(proven({ ...unverifiedProof(), nullifier: first.proof?.nullifier ?? new Uint8Array() }))).toBe(
      'already_sent',
    );
    expect(await accept({ ...proven(), messageId: first.messageId })).toBe('message_id_taken');
    expect(
      await accept(proven({ ...unverifiedProof(), statusSha256: first.proof?.statusSha256 ?? new Uint8Array() })),
    ).toBe('message_id_taken');
    expect(await rows()).toMatchObject({ messages: 1, jobs: 1, nullifiers: 1 });
    const job = await client.deliveryJob.findFirstOrThrow();
    expect(Buffer.compare(job.sealed, first.sealed)).toBe(0);
  });

  it('stay with their owner when another owner, or a client without a token, posts them again', async () => {
    const { database, config } = await setUp();
    const { acceptance } = acceptanceParts(config);
    const submission = proven();
    const key = { owner: 'a'.repeat(43), key: 'k', explicit: true };
    expect(await acceptance.accept(submission, key)).not.toBeNull();
    expect(await acceptance.accept(submission, null)).toBeNull();
    expect(await acceptance.accept(submission, { ...key, owner: 'b'.repeat(43) })).toBeNull();
    expect(await database.client.idempotencyKey.count()).toBe(1);
    expect(await database.client.reservation.count()).toBe(1);
  });

  it('to a retired key may be sealed and proven again under their id and status secret', async () => {
    const { accept, client, rows } = await setUp();
    const first = proven();
    await accept(first);
    await client.deliveryJob.deleteMany();
    await client.message.update({
      where: { id: first.messageId },
      data: { status: 'key_retired', endedAt: new Date() },
    });
    await client.nullifier.deleteMany();
    const again = (statusSha256 = first.proof?.statusSha256 ?? new Uint8Array()) => ({
      ...proven(unverifiedProof({ statusSha256 })),
      messageId: first.messageId,
    });
    expect(await accept(again(unverifiedProof().statusSha256))).toBe('message_id_taken');
    expect(await accept(again())).toBe('accepted');
    expect(await rows()).toMatchObject({ messages: 1, jobs: 1, nullifiers: 1 });
    expect(await client.message.findUniqueOrThrow({ where: { id: first.messageId } })).toMatchObject({
      status: 'queued',
      owner: null,
    });
  });

  it('keep their nullifier for the longest campaign and the longest message life, even when messages are swept', async () => {
    const { accept, client, config, database, rows } = await setUp();
    const first = proven();
    const start = Date.now();
    await accept(first);
    await client.deliveryJob.deleteMany();
    await client.message.updateMany({ data: { status: 'delivered', endedAt: new Date(start) } });
    await client.nullifier.updateMany({ data: { messageId: null } });
    const retention = new Retention(config, database);
    for (const day of [8, 15, 46, 97]) {
      await retention.sweep(new Date(start + day * DAY_MS));
      expect({
        day,
        outcome: await accept(proven(unverifiedProof({ nullifier: first.proof?.nullifier ?? new Uint8Array() }))),
      }).toEqual({
        day,
        outcome: 'already_sent',
      });
    }
    expect(await rows()).toMatchObject({ messages: 0, nullifiers: 1 });
    await retention.sweep(new Date(start + 100 * DAY_MS));
    expect(await rows()).toMatchObject({ nullifiers: 0 });
    // The time is rounded to the day, because the exact time would identify the message that was accepted then.
    await accept(proven());
    const { keepUntil } = await client.nullifier.findFirstOrThrow();
    expect(keepUntil.getTime() % DAY_MS).toBe(0);
  });

  it('keep their nullifier while they have not ended, however old the nullifier is', async () => {
    const { accept, client, config, database } = await setUp();
    await accept(proven());
    await client.nullifier.updateMany({ data: { keepUntil: new Date(0) } });
    await new Retention(config, database).sweep();
    expect(await client.nullifier.count()).toBe(1);
  });
});
