import { describeWith } from '@communique-tee/testing/harness';
import { redisAvailability, type Redis, startRedis } from '@communique-tee/testing/redis';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import RedisClient from 'ioredis';
import { Logger } from '../../core/telemetry/logger';
import { withRequestId } from '../../core/telemetry/request-context';
import { testConfig } from '../../testing/gateway-under-test';
import type { RateLimitClass } from '../../core/routing/rate-limit-class';
import { RateLimits } from './rate-limits';
import { SharedRedis } from '../../core/redis/shared-redis';
import { Metrics } from '../../core/telemetry/metrics';
import { RateLimitMetrics } from './rate-limit-metrics';

const lines: string[] = [];
const logger = new Logger({ log: { level: 'info' } }, { write: (line: string) => lines.push(line) });
const warnings = (reason: string) => lines.filter((line) => line.includes(`"reason":"${reason}"`)).length;
const environment = {
  DATABASE_URL: 'postgresql://nowhere/db',
  AUTH_JWKS_FILE: '/x',
  RATE_LIMIT_MAX_REQUESTS: '3',
  RATE_LIMIT_ATTESTATION_MAX_REQUESTS: '1',
  RATE_LIMIT_WINDOW: '60000',
};

function opened(environmentOfThis: Record<string, string> = {}) {
  const config = testConfig({ ...environment, ...environmentOfThis });
  const redis = new SharedRedis(config, logger);
  const limits = new RateLimits(config, redis, logger, new RateLimitMetrics(new Metrics(), redis));
  return {
    redis,
    limits,
    state: () => limits.state(),
    close: () => {
      redis.onApplicationShutdown();
    },
  };
}
type Opened = ReturnType<typeof opened>;

/** Each request comes from its own address, so that only the user's quota decides. */
let addresses = 0;
const decide = ({ limits }: Opened, owner: string, limitClass: RateLimitClass = 'api') =>
  limits.decide({ limitClass, address: `192.0.2.${String(addresses++)}`, owner });
const byUser = async (...args: Parameters<typeof decide>) => (await decide(...args)).states[1];

async function passes(one: Opened, attempts: number, key: string): Promise<number> {
  let passed = 0;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const state = await byUser(one, key);
    expect(state).toMatchObject({ policy: 'api-user', quota: 3, windowSeconds: 60 });
    expect(state?.resetSeconds).toBeGreaterThan(0);
    if (state?.allowed === true) passed++;
    else expect(state?.remaining).toBe(0);
  }
  return passed;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('rate limits in this process', () => {
  it('let the quota through in each window, separately for each key and each class', async () => {
    const one = opened();
    expect(await passes(one, 10, 'a')).toBe(3);
    expect(await passes(one, 10, 'b')).toBe(3);
    expect(await byUser(one, 'a', 'attestation')).toMatchObject({ allowed: true, remaining: 0 });
    expect(await byUser(one, 'a', 'attestation')).toMatchObject({ allowed: false, remaining: 0 });
    expect(await byUser(one, 'c', 'attestation')).toMatchObject({ allowed: true });
    expect(one.state()).toEqual({ store: 'memory', degraded: false, degradedSince: null });
  });
});

describe('an address over its quota', () => {
  it('is refused without asking Redis, with the waiting time, and causes one log line', async () => {
    const one = opened();
    const address = '198.51.100.7';
    const before = warnings('api-address');
    for (let n = 0; n < 3; n++) {
      expect(one.limits.refusedFromMemory('api', address)).toBeUndefined();
      await one.limits.decide({ limitClass: 'api', address, owner: `user ${String(n)}` });
    }
    expect(one.limits.refusedFromMemory('api', address)).toBeUndefined();
    const { states } = await one.limits.decide({ limitClass: 'api', address, owner: 'not counted' });
    expect(states).toEqual([
      { allowed: false, policy: 'api-address', quota: 3, windowSeconds: 60, remaining: 0, resetSeconds: 60 },
    ]);
    for (let n = 0; n < 10; n++)
      expect(one.limits.refusedFromMemory('api', address)).toMatchObject({
        allowed: false,
        policy: 'api-address',
        remaining: 0,
        resetSeconds: 60,
      });
    await one.limits.decide({ limitClass: 'api', address });
    expect(one.limits.refusedFromMemory('other', address)).toBeUndefined();
    expect(await byUser(one, 'not counted')).toMatchObject({ remaining: 2 });
    expect(warnings('api-address')).toBe(before + 1);
  });
});

describeWith(redisAvailability({ own: true }), 'rate limits in Redis', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis({ own: true });
  });
  afterAll(() => redis.stop());

  const open = async () => {
    const one = opened({ REDIS_URL: redis.url });
    await one.redis.onModuleInit();
    expect(one.state()).toEqual({ store: 'redis', degraded: false, degradedSince: null });
    return one;
  };

  it('are shared between processes', async () => {
    const [one, two] = [await open(), await open()];
    expect((await passes(one, 5, 'shared')) + (await passes(two, 5, 'shared'))).toBe(3);
    one.close();
    two.close();
  });

  it('do not keep the gateway from starting if Redis is away', async () => {
    const one = opened({ REDIS_URL: 'redis://127.0.0.1:1' });
    await one.redis.onModuleInit();
    expect(one.state()).toMatchObject({ store: 'redis', degraded: true });
    expect(await passes(one, 5, 'early')).toBe(3);
    one.close();
  });

  it('fall back to memory when Redis hangs, wait for it only once, log it, and recover', async () => {
    // A proxy between the gateway and Redis that can stop forwarding bytes without closing a connection.
    let hangs = false;
    const sockets = new Set<Socket>();
    const between = createServer((near) => {
      const far = connect(redis.port, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from);
        from
          .on('data', (chunk: Buffer) => {
            to.write(chunk);
          })
          .on('error', () => undefined)
          .on('close', () => {
            to.destroy();
          });
        if (hangs) from.pause();
      }
    });
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    const url = new URL(redis.url);
    url.port = String((between.address() as AddressInfo).port);
    const one = opened({ REDIS_URL: url.href });
    await one.redis.onModuleInit();
    expect(await passes(one, 2, 'hung')).toBe(2);
    hangs = true;
    for (const socket of sockets) socket.pause();
    expect(await passes(one, 50, 'hung')).toBe(3);
    expect(one.state()).toMatchObject({ store: 'redis', degraded: true });
    hangs = false;
    for (const socket of sockets) socket.resume();
    await until(() => !one.state().degraded);
    expect(await passes(one, 10, 'hung')).toBeLessThan(3);
    one.close();
    for (const socket of sockets) socket.destroy();
    between.close();
  });

  it('do not ask Redis again about an address over its quota until its window ends', async () => {
    const [one, two] = [await open(), await open()];
    const before = warnings('api-address');
    const ask = (which: Opened) => which.limits.decide({ limitClass: 'api', address: '203.0.113.1', owner: 'x' });
    for (let n = 0; n < 4; n++) await ask(one);
    expect(one.limits.refusedFromMemory('api', '203.0.113.1')).toMatchObject({ allowed: false });
    expect(two.limits.refusedFromMemory('api', '203.0.113.1')).toBeUndefined();
    expect((await ask(two)).states).toEqual([expect.objectContaining({ allowed: false, policy: 'api-address' })]);
    expect(two.limits.refusedFromMemory('api', '203.0.113.1')).toMatchObject({ allowed: false });
    expect(warnings('api-address')).toBe(before + 1);
    expect(await byUser(one, 'x')).toMatchObject({ allowed: false });
    one.close();
    two.close();
  });

  it('fall back to memory if a failover made this Redis a replica, and recover when it takes writes', async () => {
    const one = await open();
    const client = new RedisClient(redis.url);
    await client.replicaof('127.0.0.1', '1');
    expect(await passes(one, 10, 'moved')).toBe(3);
    expect(one.state()).toMatchObject({ store: 'redis', degraded: true });
    await client.replicaof('NO', 'ONE');
    await until(() => !one.state().degraded);
    expect(await passes(one, 10, 'moved')).toBe(3);
    client.disconnect();
    one.close();
  });

  it('fall back to memory if Redis answers but runs no script for this Redis user, log why once, and recover', async () => {
    const one = await open();
    const client = new RedisClient(redis.url);
    await client.call('ACL', 'SETUSER', 'default', '-@scripting');
    const from = lines.length;
    await withRequestId('of-somebody', () => passes(one, 10, 'no script'));
    const probes = async () =>
      Number(
        /rejected_calls=([0-9]+)/.exec(
          (await client.info('commandstats')).split('\n').find((line) => line.startsWith('cmdstat_eval:')) ?? '',
        )?.[1] ?? 0,
      );
    await until(async () => (await probes()) >= 2);
    expect(one.state()).toMatchObject({ store: 'redis', degraded: true });
    expect(lines.slice(from).filter((line) => line.includes('redis'))).toEqual([
      expect.stringMatching(/"requestId":"of-somebody".*"code":"NOPERM".*redis cannot/),
    ]);
    await client.call('ACL', 'SETUSER', 'default', '+@all');
    await until(() => !one.state().degraded);
    const back = lines.slice(from).filter((line) => line.includes('redis is back'));
    expect(back).toEqual([expect.not.stringContaining('requestId')]);
    client.disconnect();
    one.close();
  });

  it('fall back to memory while Redis is gone, log it, and recover', async () => {
    const one = await open();
    await redis.kill();
    expect(await passes(one, 10, 'alone')).toBe(3);
    expect(one.state()).toMatchObject({ store: 'redis', degraded: true, degradedSince: expect.any(Date) as Date });
    await redis.restart();
    await until(async () => {
      await decide(one, `probe:${String(Math.random())}`);
      return !one.state().degraded;
    });
    expect(await passes(one, 10, 'alone')).toBe(3);
    one.close();
  });
});
