import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  spawnService,
  temporaryFolder,
  workspaceRoot,
  type Service,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { redisAvailability, startRedis, type Redis } from '@communique-tee/testing/redis';
import RedisClient from 'ioredis';
import { Client } from 'pg';
import { testConfig } from '../../testing/gateway-under-test';
import { acceptanceParts } from './testing/acceptance-parts';

const PROCESSES = 3;
const RUN_MS = 6_000;
/** Long, because on a busy machine it takes longer until enough is spent to raise the stop. */
const LONGEST_RUN_MS = 60_000;
const AROUND = '2027-03-01T00:00:00.000Z';
const dollars = (text: string) => BigInt(Math.round(Number(text) * 1_000_000));

interface Counted {
  scope: string;
  subject: string;
  startsAt: Date;
  reserved: bigint;
  spent: bigint;
  /** `open` and `settled`: the ledger's sums for the same window, in the same snapshot. */
  open: bigint;
  settled: bigint;
}

/**
 * Three processes reserve and settle random amounts around the edge of an hour and a day, against caps that they reach at once. Meanwhile
 * they and PostgreSQL are killed between reserve, dispatch and settle. Before each reservation they read the cached refusals from a Redis
 * that is flushed, killed and filled with false refusals. The test checks complete snapshots all the time.
 */
describe('caps, while everything is killed', () => {
  let postgres: Postgres;
  let redis: Redis | undefined;
  let folder: TemporaryFolder;
  let spender: string;
  const running: Service[] = [];

  beforeAll(async () => {
    [postgres, folder] = await Promise.all([startPostgres({ own: true }), temporaryFolder('caps')]);
    execFileSync(
      process.execPath,
      [
        join(workspaceRoot(), 'tools/dev/build/build.mjs'),
        'gateway',
        '--entry',
        'apps/gateway/src/features/acceptance/testing/spender.ts',
        '--outdir',
        folder.path,
      ],
      { cwd: workspaceRoot() },
    );
    spender = folder.file('main.js');
    if (redisAvailability({ own: true }).available) redis = await startRedis({ own: true });
    else process.stderr.write('SKIPPED: no redis-server, so the caps are tested without Redis\n');
  }, 120_000);
  afterAll(async () => {
    await Promise.all(running.map((service) => service.kill()));
    await Promise.all([postgres.stop(), redis?.stop()]);
    await folder.remove();
  });

  it.each([
    {
      name: 'a user’s day and the system’s hour',
      caps: { DEFAULT_USER_DAILY_LIMIT: '0.50', SYSTEM_HOURLY_LIMIT: '8.00', EMERGENCY_SHUTDOWN_THRESHOLD: '1000' },
      stops: false,
    },
    {
      name: 'the threshold of the day',
      caps: { DEFAULT_USER_DAILY_LIMIT: '1000', SYSTEM_HOURLY_LIMIT: '1000', EMERGENCY_SHUTDOWN_THRESHOLD: '2.50' },
      stops: true,
    },
  ])('are never exceeded, not by a micro-dollar: $name', async ({ caps, stops }) => {
    const url = await postgres.createMigratedDatabase();
    const start = async () => {
      running.push(
        await spawnService({
          command: process.execPath,
          args: [spender],
          env: {
            DATABASE_URL: url,
            CAPS: JSON.stringify(caps),
            AROUND,
            ...(stops ? { TAKES_OVER: 'yes' } : {}), // reservations raise no stop, so every message must be settled
            ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
          },
          readyWhen: /spending/,
        }),
      );
    };
    await Promise.all(Array.from({ length: PROCESSES }, start));

    const startedAt = Date.now();
    let looks = 0;
    const goesOn = async (): Promise<boolean> => {
      const ranMs = Date.now() - startedAt;
      return ranMs < RUN_MS || (stops && ranMs < LONGEST_RUN_MS && !(await isStopped(url)));
    };
    for (let round = 0; await goesOn(); round++) {
      await sleep(150);
      if (round % 5 === 4) {
        const [victim] = running.splice(randomInt(running.length), 1);
        await victim?.kill();
        await start();
      }
      if (redis !== undefined) await disturb(redis, round);
      if (round === 12) await postgres.kill();
      if (round === 12) await postgres.restart();
      for (const counted of await snapshot(url)) expectWithin(counted, caps);
      looks++;
    }
    await Promise.all(running.splice(0).map((service) => service.kill()));
    // An idle machine takes some dozens of snapshots.
    expect(looks).toBeGreaterThan(3);

    // A reservation that a killed worker left open is settled once, by the first worker that finds it
    const { database, budget, emergencyStop } = acceptanceParts(
      testConfig({ DATABASE_URL: url, AUTH_JWKS_FILE: '/x', ...caps }),
    );
    try {
      const open = await database.client.reservation.findMany({
        where: { state: 'reserved' },
        select: { messageId: true },
      });
      if (!stops) expect(open.length).toBeGreaterThan(0);
      for (const { messageId } of open) {
        const settle = () =>
          database.transaction((transaction) =>
            budget.settle(transaction, { messageId: String(messageId), actualMicroUsd: 0n, now: new Date(AROUND) }),
          );
        expect((await Promise.all([settle(), settle()])).filter(Boolean)).toHaveLength(1);
      }
      const end = await snapshot(url);
      for (const counted of end) {
        expectWithin(counted, caps);
        expect(counted.reserved).toBe(0n);
      }
      // Both sides of the edge were reached: two hours and two days
      expect(end.filter(({ scope }) => scope === 'system_hour')).toHaveLength(2);
      expect(end.filter(({ scope }) => scope === 'system_day')).toHaveLength(2);
      expect((await emergencyStop.current()) !== null).toBe(stops);
    } finally {
      await database.onApplicationShutdown();
    }
  });
});

/** Flushes or kills Redis, or writes false values: refusals that PostgreSQL never gave, garbage, and values without an expiry. */
async function disturb(redis: Redis, round: number): Promise<void> {
  if (round % 12 === 11) {
    await redis.kill();
    await redis.restart();
    return;
  }
  const client = new RedisClient(redis.url, { disconnectTimeout: 100 });
  try {
    if (round % 4 === 0) await client.flushall();
    for (const key of await client.keys('communique:budget:*')) {
      const lie =
        ['0', '99999999999', 'none', 'user_daily_limit_reached', 'system_hourly_limit_reached'][randomInt(5)] ?? '';
      if (randomInt(4) === 0) await client.set(key, lie, 'PX', 1000);
      else if (randomInt(4) === 0) await client.set(key, lie);
    }
    if (randomInt(10) === 0) await client.set('communique:budget:stop', 'emergency_stop');
  } finally {
    client.disconnect();
  }
}

function expectWithin({ scope, subject, reserved, spent, open, settled }: Counted, caps: Record<string, string>): void {
  const cap = {
    user_day: caps['DEFAULT_USER_DAILY_LIMIT'],
    system_hour: caps['SYSTEM_HOURLY_LIMIT'],
    system_day: caps['EMERGENCY_SHUTDOWN_THRESHOLD'],
  }[scope];
  const within = reserved + spent <= dollars(cap ?? '0');
  expect({ scope, subject, within, reserved, spent }).toEqual({
    scope,
    subject,
    within: true,
    reserved: open,
    spent: settled,
  });
}

/** Whether PostgreSQL reports a stop; also false while PostgreSQL is away. */
async function isStopped(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query('SELECT FROM emergency_stop WHERE cleared_at IS NULL')).rowCount !== 0;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Returns every window with its sums in the ledger. They are one snapshot, because one statement reads them. Empty while the server
 * restarts.
 */
async function snapshot(url: string): Promise<Counted[]> {
  const client = new Client({ connectionString: url, options: '-c timezone=UTC' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{
      scope: string;
      subject: string;
      startsAt: Date;
      reserved: string;
      spent: string;
      open: string;
      settled: string;
    }>(`
      SELECT w.scope::text, w.subject, w.starts_at AS "startsAt", w.reserved_micro_usd AS reserved, w.spent_micro_usd AS spent,
        coalesce(sum(r.reserved_micro_usd) FILTER (WHERE r.state = 'reserved'), 0) AS open, coalesce(sum(r.settled_micro_usd), 0) AS settled
      FROM budget_window w LEFT JOIN reservation r
        ON date_trunc(CASE w.scope WHEN 'system_hour' THEN 'hour' ELSE 'day' END, r.reserved_at) = w.starts_at AND (w.scope <> 'user_day' OR r.owner = w.subject)
      GROUP BY w.scope, w.subject, w.starts_at`);
    return rows.map(({ reserved, spent, open, settled, ...rest }) => ({
      ...rest,
      reserved: BigInt(reserved),
      spent: BigInt(spent),
      open: BigInt(open),
      settled: BigInt(settled),
    }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^(57P|08|ECONN)/.test(String(error.code))) return [];
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
