import { describeWith, redisAvailability, type Redis, startRedis } from '@communique-tee/test-support';
import { pino } from 'pino';
import { Logger } from '../observability/logger';
import { testConfig } from '../testing/gateway-under-test';
import { RateLimits } from './rate-limits';

const logger = new Logger({ log: { level: 'silent' } }, pino.destination('/dev/null'));
const environment = { DATABASE_URL: 'postgresql://nowhere/db', AUTH_JWKS_FILE: '/x', RATE_LIMIT_MAX_REQUESTS: '3', RATE_LIMIT_ATTESTATION_MAX_REQUESTS: '1', RATE_LIMIT_WINDOW: '60000' };

async function passes(limits: RateLimits, attempts: number, key: string): Promise<number> {
  let passed = 0;
  for (let attempt = 0; attempt < attempts; attempt++) {
    await limits.consume('api', key).then(
      () => passed++,
      (error: unknown) => { expect(error).toMatchObject({ code: 'rate_limited', retryAfterSeconds: expect.any(Number) as number }); },
    );
  }
  return passed;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('rate limits in this process', () => {
  it('let so many through in a window, each key and each class for itself', async () => {
    const limits = new RateLimits(testConfig(environment), logger);
    expect(await passes(limits, 10, 'user:a')).toBe(3);
    expect(await passes(limits, 10, 'user:b')).toBe(3);
    await expect(limits.consume('attestation', 'user:a')).resolves.toBeUndefined();
    await expect(limits.consume('attestation', 'user:a')).rejects.toMatchObject({ code: 'rate_limited' });
    expect(limits.state()).toEqual({ store: 'memory', degraded: false, degradedSince: null });
  });
});

describeWith(redisAvailability({ own: true }), 'rate limits in Redis', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis({ own: true });
  });
  afterAll(() => redis.stop());

  const open = async () => {
    const limits = new RateLimits(testConfig({ ...environment, REDIS_URL: redis.url }), logger);
    await limits.onModuleInit();
    expect(limits.state()).toEqual({ store: 'redis', degraded: false, degradedSince: null });
    return limits;
  };

  it('are shared between processes', async () => {
    const [one, two] = [await open(), await open()];
    expect((await passes(one, 5, 'user:shared')) + (await passes(two, 5, 'user:shared'))).toBe(3);
    one.onApplicationShutdown();
    two.onApplicationShutdown();
  });

  it('do not keep the gateway from starting where there is no Redis', async () => {
    const limits = new RateLimits(testConfig({ ...environment, REDIS_URL: 'redis://127.0.0.1:1' }), logger);
    await limits.onModuleInit();
    expect(limits.state()).toMatchObject({ store: 'redis', degraded: true });
    expect(await passes(limits, 5, 'user:early')).toBe(3);
    limits.onApplicationShutdown();
  });

  it('fall back to memory while Redis is gone, say so, and come back', async () => {
    const limits = await open();
    await redis.kill();
    expect(await passes(limits, 10, 'user:alone')).toBe(3);
    expect(limits.state()).toMatchObject({ store: 'redis', degraded: true, degradedSince: expect.any(Date) as Date });
    await redis.restart();
    await until(async () => {
      await limits.consume('api', `probe:${String(Math.random())}`);
      return !limits.state().degraded;
    });
    expect(await passes(limits, 10, 'user:alone')).toBe(3);
    limits.onApplicationShutdown();
  });
});
