import { describeWith, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { redisAvailability, startRedis, type Redis } from '@communique-tee/testing/redis';
import RedisClient from 'ioredis';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Clients } from './clients';
import { prepareGateways, type Gateways } from './gateways';
import { Ledger, type Caps } from './ledger';
import { openRedisSwitch, type RedisSwitch } from './redis-switch';

const PROCESSES = 3;
const ROUND_MS = 3500;
const PRICE = 40_000n;
const MANY_USERS = 9;
const LARGE = 1_000_000_000n;
const password = randomBytes(18).toString('base64url');

/**
 * Three gateway processes share a PostgreSQL and a Redis. Many clients post until they reach the caps, while Redis is flushed, evicts,
 * fails over or is unreachable, and gateways are killed. The test judges the caps only by what the database has.
 */
describeWith(redisAvailability({ own: true }), 'no cap is exceeded by three gateways', () => {
  let folder: TemporaryFolder;
  let postgres: Postgres;
  let servers: [Redis, Redis];
  let redis: [RedisClient, RedisClient];
  let address: RedisSwitch;
  let prepared: Awaited<ReturnType<typeof prepareGateways>>;

  beforeAll(async () => {
    folder = await temporaryFolder('caps');
    const settings = { requirepass: password, masterauth: password, 'repl-diskless-sync-delay': '0' };
    [postgres, prepared, ...servers] = await Promise.all([
      startPostgres({ settings: { track_commit_timestamp: 'on' } }),
      prepareGateways(folder.path),
      startRedis({ own: true, settings }),
      startRedis({ own: true, settings }),
    ]);
    const client = ({ port }: Redis) =>
      new RedisClient({ port, password, disconnectTimeout: 100, retryStrategy: () => 50 }).on('error', () => undefined);
    redis = [client(servers[0]), client(servers[1])];
    address = await openRedisSwitch(servers[0].port);
  }, 180_000);
  afterAll(async () => {
    for (const client of redis) client.disconnect();
    await address.close();
    await Promise.all([postgres.stop(), ...servers.map((server) => server.stop())]);
    await folder.remove();
  });

  /** @param postsByTheSame number of posts by one user. 180 are far more than a user's daily cap allows; MANY_USERS use up no user's share. */
  async function system(caps: Caps, postsByTheSame = 180) {
    const url = await postgres.createMigratedDatabase();
    const dollars = (amount: bigint) => (Number(amount) / 1e6).toFixed(2);
    const gateways = await prepared.start(PROCESSES, {
      DATABASE_URL: url,
      REDIS_URL: `redis://:${password}@127.0.0.1:${String(address.port)}`,
      DEFAULT_USER_DAILY_LIMIT: dollars(caps.user_day),
      SYSTEM_HOURLY_LIMIT: dollars(caps.system_hour),
      EMERGENCY_SHUTDOWN_THRESHOLD: dollars(caps.system_day),
    });
    const ledger = new Ledger(url);
    const clients = new Clients(gateways.urls, (user) => prepared.issuer.token(user), postsByTheSame);
    const check = async () => {
      const windows = await ledger.windows();
      for (const { scope, counted, ledger: reserved } of windows)
        expect({ scope, within: reserved <= caps[scope], counted }).toEqual({ scope, within: true, counted: reserved });
      return windows;
    };
    /** One round: posts and checks the ledger until `disturb` has run for its time. */
    const round = async (name: string, disturb: (gateways: Gateways, until: number) => Promise<void>) => {
      const until = performance.now() + ROUND_MS;
      let over = false;
      const disturbed = disturb(gateways, until).finally(() => {
        over = true;
      });
      const watch = async () => {
        while (!over) {
          await check();
          await sleep(100);
        }
      };
      await Promise.all([clients.postWhile(name, disturbed), watch()]);
      const postedMs = performance.now() - (until - ROUND_MS);
      await clients.clearDoubts();
      process.stderr.write(
        `${name}: ${String(clients.posts)} posts, ${String(clients.accepted.size)} accepted, ${postedMs.toFixed(0)} ms, refused ${JSON.stringify([...clients.refused])}, repeated ${JSON.stringify([...clients.repeated])}\n`,
      );
      const windows = await check();
      expect(await ledger.messageIds()).toEqual(clients.accepted);
      return windows;
    };
    return {
      clients,
      ledger,
      round,
      stop: async () => {
        await Promise.all([clients.close(), ledger.close()]);
        await gateways.stop();
      },
    };
  }

  async function every(ms: number, until: number, work: (n: number) => Promise<unknown>): Promise<void> {
    for (let n = 0; performance.now() < until; n++) {
      await work(n);
      await sleep(ms);
    }
  }
  const stat = async (client: RedisClient, section: string, name: string) =>
    Number(new RegExp(`${name}[:=](?:calls=)?([0-9]+)`).exec(await client.info(section))?.[1] ?? 0);
  const decisions = (client: RedisClient) => stat(client, 'commandstats', 'cmdstat_evalsha');

  describe('for a user’s day', () => {
    const caps = { user_day: 10n * PRICE, system_hour: LARGE, system_day: LARGE };
    let running: Awaited<ReturnType<typeof system>>;
    beforeAll(async () => {
      running = await system(caps);
    }, 60_000);
    afterAll(() => running.stop());

    it.each<[string, (gateways: Gateways, until: number) => Promise<void>]>([
      ['is flushed', (_, until) => every(30, until, () => redis[0].flushall())],
      [
        'evicts keys',
        async (_, until) => {
          const before = await stat(redis[0], 'stats', 'evicted_keys');
          await redis[0].config('SET', 'maxmemory-policy', 'allkeys-lru');
          await redis[0].config(
            'SET',
            'maxmemory',
            String(Math.round((await stat(redis[0], 'memory', 'used_memory')) + 100_000)),
          );
          await every(5, until, (n) => redis[0].set(`filler:${String(n)}`, 'x'.repeat(20_000)).catch(() => undefined));
          await redis[0].config('SET', 'maxmemory', '0');
          expect(await stat(redis[0], 'stats', 'evicted_keys')).toBeGreaterThan(before);
        },
      ],
      [
        'fails over to an empty server, and back',
        async (_, until) => {
          await every(700, until, async (n) => {
            const to = (n + 1) % 2 === 0 ? 0 : 1;
            await redis[to].flushall();
            address.point(servers[to].port);
          });
          address.point(servers[0].port);
        },
      ],
      [
        'fails over to a lagging server that is still a replica at first',
        async (_, until) => {
          await redis[1].replicaof('127.0.0.1', String(servers[0].port));
          while ((await redis[1].info('replication')).includes('master_link_status:down')) await sleep(20);
          await sleep(300);
          await redis[1].replicaof('127.0.0.1', '1'); // cut off, so that it lags from here on
          await sleep(500);
          address.point(servers[1].port);
          await sleep(800);
          const before = await decisions(redis[1]);
          await redis[1].replicaof('NO', 'ONE');
          await sleep(Math.max(0, until - performance.now()));
          // The gateways use this Redis again after their next probe
          while ((await decisions(redis[1])) <= before) await sleep(50);
          address.point(servers[0].port);
        },
      ],
      [
        'is away, and is empty afterwards',
        async (_, until) => {
          await servers[0].kill();
          await sleep((until - performance.now()) / 2);
          await servers[0].restart();
          await sleep(Math.max(0, until - performance.now()));
        },
      ],
      [
        'works, and gateways are killed',
        async (gateways, until) => {
          await every(200, until, (n) => gateways.killAndRestart(n % PROCESSES));
        },
      ],
    ])('while Redis %s', async (name, disturb) => {
      const { clients, round } = running;

      const windows = await round(name, disturb);

      const full = windows.filter(({ scope, counted }) => scope === 'user_day' && counted === caps.user_day);
      expect(full.length).toBeGreaterThan(0);
      expect(clients.refused.get('user_daily_limit_reached')).toBeGreaterThan(0);
      // Redis is in use again
      const before = await decisions(redis[0]);
      while ((await decisions(redis[0])) < before + 200) await clients.postWhile(`${name} after`, sleep(100));
    });
  });

  /** All disturbances together, but no gateway is killed. */
  const everything = async (_: Gateways, until: number) => {
    await every(60, until, async (n) => {
      if (n % 3 === 0) await redis[0].flushall();
      if (n % 10 === 9) address.point(n % 20 === 9 ? 0 : servers[0].port);
      for (const key of await redis[0].keys('communique:budget:*'))
        await redis[0].set(key, ['0', 'x', '-5', '99999999999'][n % 4] ?? '', 'PX', 500);
    });
    address.point(servers[0].port);
  };

  it('for the system’s hour', async () => {
    const caps = { user_day: LARGE, system_hour: 301n * PRICE, system_day: LARGE };
    const { round, clients, stop } = await system(caps, MANY_USERS);
    const windows = await round('hour', async (...round) => {
      await everything(...round);
      // On a slow machine the hour's cap is not reached when the round's time is over.
      for (let n = 0; n < 400 && !clients.refused.has('system_hourly_limit_reached'); n++) await sleep(50);
    });
    expect(
      windows.filter(({ scope }) => scope === 'system_hour').some(({ counted }) => counted === caps.system_hour),
    ).toBe(true);
    expect(clients.refused.get('system_hourly_limit_reached')).toBeGreaterThan(0);
    await stop();
  }, 60_000);

  it('for the system’s day, and no message is accepted after the emergency stop', async () => {
    const { round, clients, ledger, stop } = await system(
      { user_day: LARGE, system_hour: LARGE, system_day: 301n * PRICE },
      MANY_USERS,
    );
    // There is no enclave that ends messages, so this test settles their reservations as a worker does
    const spending = (_: Gateways, until: number) => every(50, until, () => ledger.settleAll());
    await round('threshold', async (...round) => {
      await Promise.all([everything(...round), spending(...round)]);
      // A gateway's cached state may be two seconds old, so on a slow machine the round ends before the gateway refuses
      const isOver = async () => clients.refused.has('emergency_stop') && (await ledger.reservedAfterStop()).stops > 0;
      for (let n = 0; n < 200 && !(await isOver()); n++) {
        await ledger.settleAll();
        await sleep(50);
      }
    });
    expect(await ledger.reservedAfterStop()).toEqual({ stops: 1, after: 0, reservations: clients.accepted.size });
    expect(clients.refused.get('emergency_stop')).toBeGreaterThan(0);
    await stop();
  }, 60_000);
});
