import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { Client } from 'pg';
import { DeliveryBench } from '../../features/delivery/testing/delivery-bench';
import { testConfig } from '../../testing/gateway-under-test';
import { Database } from './database';

describe('a database whose connections all stay in use', () => {
  it('reports overload, not an outage, to a request that waits too long for a connection', async () => {
    await using postgres = await startPostgres();
    const database = new Database(
      testConfig({ DATABASE_URL: postgres.url, DATABASE_POOL_SIZE: '2', AUTH_JWKS_FILE: '/x' }),
    );
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let begun = 0;
    const holding = [0, 1].map(() =>
      database.transaction(async (transaction) => {
        await transaction.$queryRaw`SELECT 1`;
        begun++;
        await held;
      }),
    );
    while (begun < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    const late = await Promise.all(
      [
        database.read((client) => client.$queryRaw`SELECT 1`),
        database.transaction((transaction) => transaction.$queryRaw`SELECT 1`),
      ].map((asked) => asked.catch((error: unknown) => error)),
    );
    for (const error of late) expect(error).toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
    letGo();
    await Promise.all(holding);
    expect(await database.read((client) => client.$queryRaw`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    await database.onApplicationShutdown();
  });
});

(process.platform === 'linux' ? describe : describe.skip)(
  'a database that no longer answers (frozen, or cut off)',
  () => {
    it('is reported as unavailable while PostgreSQL is frozen, without endless waits, and serves again afterwards', async () => {
      await using postgres = await startPostgres({ own: true });
      const database = new Database(
        testConfig({ DATABASE_URL: postgres.url, DATABASE_POOL_SIZE: '2', AUTH_JWKS_FILE: '/x' }),
      );
      const read = () => database.read((client) => client.$queryRaw`SELECT 1`);
      await Promise.all([read(), read()]);
      const server = Number(readFileSync(join(postgres.folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
      const processes = [server, ...childrenOf(server)];
      try {
        for (const pid of processes) process.kill(pid, 'SIGSTOP');
        const late = await Promise.all(
          [read(), database.transaction((transaction) => transaction.$queryRaw`SELECT 1`)].map((asked) =>
            asked.catch((error: unknown) => error),
          ),
        );
        for (const error of late) expect(error).toMatchObject({ code: 'database_unavailable' });
      } finally {
        for (const pid of processes) process.kill(pid, 'SIGCONT');
      }
      await expect(read()).resolves.toHaveLength(1);
      await database.onApplicationShutdown();
    });
  },
);

describe('a database whose sessions are in another time zone', () => {
  let postgres: Postgres;
  let bench: DeliveryBench;
  let url: string;

  beforeAll(async () => {
    postgres = await startPostgres();
    url = await postgres.createMigratedDatabase();
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(
      `ALTER DATABASE ${client.escapeIdentifier(new URL(url).pathname.slice(1))} SET timezone = 'America/New_York'`,
    );
    await client.end();
  });
  afterAll(async () => {
    await postgres.stop();
  });
  afterEach(async () => {
    await bench.close();
  });

  it.each([
    ['an address without options', ''],
    ['an address with options', '?options=-c%20timezone%3DAsia%2FTokyo%20-c%20work_mem%3D1MB'],
  ])('is written and read in UTC through %s', async (_, query) => {
    bench = new DeliveryBench({
      database: { url: `${url}${query}`, poolSize: 2 },
      enclave: { addresses: ['unix:/nonexistent/enclave'], timeoutMs: 1000 },
      attestation: { verify: false, acceptedMeasurements: [], cacheMs: 0, maxAgeMs: 0 },
      delivery: { concurrency: 1, leaseMs: 60_000, minBackoffMs: 10, maxBackoffMs: 20, pollMs: 20 },
      budget: {
        userDayCapMicroUsd: 10n ** 9n,
        userDayMessages: 0,
        systemHourCapMicroUsd: 10n ** 9n,
        systemDayCapMicroUsd: 10n ** 9n,
        deliveryPriceMicroUsd: 10_000n,
      },
    });
    const expiresAt = new Date(Date.now() + 3_600_000);
    const { messageId } = await bench.accept(expiresAt);
    const [truth] = await bench.database.client.$queryRaw<[{ expiresMs: number; aheadMs: number }]>`
      SELECT (extract(epoch FROM expires_at) * 1000)::float8 AS "expiresMs", (extract(epoch FROM expires_at - now()) * 1000)::float8 AS "aheadMs" FROM delivery_job WHERE message_id = ${messageId}::uuid`;
    expect(truth.expiresMs).toBe(expiresAt.getTime());
    expect(truth.aheadMs).toBeLessThanOrEqual(3_600_000);
    const [job] = await bench.queue.lease(1, 'a', 'any');
    expect(job).toMatchObject({ messageId, expired: false });
    expect(await bench.message(messageId)).toMatchObject({ expiresAt });
    if (query !== '') expect(await bench.database.client.$queryRaw`SHOW work_mem`).toEqual([{ work_mem: '1MB' }]);
  });
});

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => {
    try {
      return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]) === parent;
    } catch {
      return false; // the process has ended meanwhile
    }
  });
}
