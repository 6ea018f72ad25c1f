import { describeWith } from '@communique-tee/testing/harness';
import { redisAvailability, type Redis, startRedis } from '@communique-tee/testing/redis';
import RedisClient from 'ioredis';
import { DECISION_SCRIPT, runDecisionScript, type WindowKeys } from './decision-script';

const LIFE_MS = 2000;
const KEYS = ['address', 'user', 'stop', 'day', 'hour'] as const;

describeWith(redisAvailability({ own: true }), 'the decision script', () => {
  let redis: Redis;
  let client: RedisClient;
  beforeAll(async () => {
    redis = await startRedis({ own: true });
    client = new RedisClient(redis.url);
  });
  afterAll(async () => {
    client.disconnect();
    await redis.stop();
  });
  beforeEach(() => client.flushall());

  const run = (quota = 3, windowMs = 60_000, keys: readonly string[] = KEYS, windows: WindowKeys = 2) =>
    runDecisionScript(client, keys, [windowMs, quota, LIFE_MS, windows]);
  const ttl = (key: string) => client.pttl(key);

  it('counts the address, and the user unless the address is over its quota', async () => {
    const counts: (number | undefined)[][] = [];
    for (let n = 0; n < 5; n++) {
      const { address, user, cached } = await run();
      counts.push([address.count, user?.count]);
      expect(cached).toEqual([]);
    }
    expect(counts).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, undefined],
      [5, undefined],
    ]);
    expect(await client.get('user')).toBe('3');
    expect(await run(3, 60_000, ['other'], 1)).toMatchObject({ address: { count: 1, leftMs: 60_000 }, cached: [] });
    expect(await run(3, 60_000, ['another', 'user'])).toMatchObject({ address: { count: 1 }, user: { count: 4 } });
    expect((await run(3, 60_000, ['yet another', 'user'])).user?.count).toBe(5);
  });

  it('ends a window when its time is over, however many requests it counted', async () => {
    const windows: number[] = [];
    let before = 0;
    while (windows.length < 3) {
      const { count, leftMs } = (await run(1000, 100, ['edge'], 1)).address;
      expect(leftMs).toBeLessThanOrEqual(100);
      if (count <= before) {
        expect(count).toBe(1);
        windows.push(before);
      }
      before = count;
    }
    expect(Math.min(...windows)).toBeGreaterThan(0);
  });

  it.each<[string, (key: string) => Promise<unknown>]>([
    ['a text', (key) => client.set(key, 'many')],
    ['an empty text', (key) => client.set(key, '')],
    ['a fraction', (key) => client.set(key, '1.5')],
    ['the largest number', (key) => client.set(key, '9223372036854775807')],
    ['a negative number', (key) => client.set(key, '-1000000')],
    ['a list', (key) => client.rpush(key, '1')],
    ['a hash', (key) => client.hset(key, 'a', '1')],
  ])('restarts the count if a window contains %s', async (_, put) => {
    for (const key of ['address', 'user']) await put(key);
    expect(await run()).toEqual({
      address: { count: 1, leftMs: 60_000 },
      user: { count: 1, leftMs: 60_000 },
      cached: [],
    });
    expect(await run()).toMatchObject({ address: { count: 2 }, user: { count: 2 } });
  });

  it('sets a new expiry if a window has none, or one too far away', async () => {
    await client.set('address', '2');
    await client.set('user', '2', 'PX', 86_400_000);
    expect(await run()).toEqual({
      address: { count: 3, leftMs: 60_000 },
      user: { count: 3, leftMs: 60_000 },
      cached: [],
    });
    expect(await ttl('address')).toBeGreaterThan(0);
    expect(await ttl('user')).toBeLessThanOrEqual(60_000);
  });

  it('returns cached refusals as they were written', async () => {
    await client.set('day', '9223372036854775807', 'PX', LIFE_MS);
    const { cached } = await run();
    expect(cached.map(({ value }) => value)).toEqual([null, '9223372036854775807', null]);
    expect(cached[1]?.leftMs).toBeLessThanOrEqual(LIFE_MS);
    await client.set('stop', '1', 'PX', LIFE_MS);
    expect((await run()).cached.map(({ value }) => value)).toEqual(['1', '9223372036854775807', null]);
  });

  it('returns cached refusals for a request without a user, and counts only its address', async () => {
    const alone = (quota?: number) => run(quota, 60_000, ['address', 'stop', 'day', 'hour'], 1);
    expect(await alone()).toEqual({ address: { count: 1, leftMs: 60_000 }, cached: [] });
    await client.set('hour', 'full', 'PX', LIFE_MS);
    const { address, user, cached } = await alone();
    expect([address.count, user, cached.map(({ value }) => value)]).toEqual([2, undefined, [null, null, 'full']]);
    expect((await alone(2)).cached).toEqual([]);
    expect(await client.exists('user', 'stop')).toBe(0);
  });

  it('deletes a value that cannot be a cached refusal', async () => {
    await client.set('stop', '1');
    await client.set('day', '5', 'PX', LIFE_MS + 60_000);
    await client.set('hour', '1'.repeat(1_000_000), 'PX', LIFE_MS);
    expect((await run()).cached).toEqual([]);
    expect(await client.exists('stop', 'day', 'hour')).toBe(0);
    await client.rpush('day', '5');
    expect((await run()).cached).toEqual([]);
  });

  it('reads no cached refusal for a request over a limit', async () => {
    await client.set('stop', '1', 'PX', LIFE_MS);
    expect((await run(0)).cached).toEqual([]);
    await client.set('user', '3');
    expect((await run()).cached).toEqual([]);
  });

  it('sends one command, and a second one only if Redis does not know the script', async () => {
    const watched = await client.monitor();
    const seen: string[] = [];
    watched.on('monitor', (_time: string, [command = '']: string[], source: string) => {
      if (source !== 'lua') seen.push(command.toLowerCase());
    });
    await client.script('FLUSH');
    await run();
    await run();
    await run();
    await client.echo('end');
    while (!seen.includes('echo')) await new Promise((resolve) => setTimeout(resolve, 10));
    watched.disconnect();
    expect(seen).toEqual(['script', 'evalsha', 'eval', 'evalsha', 'evalsha', 'echo']);
  });

  it('throws the error of Redis if Redis is a replica or its memory is full', async () => {
    await client.config('SET', 'maxmemory', '1');
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    await expect(run()).rejects.toThrow(/OOM/);
    await client.config('SET', 'maxmemory', '0');
    await client.replicaof('127.0.0.1', '1');
    await expect(run()).rejects.toThrow(/READONLY/);
    await client.replicaof('NO', 'ONE');
    await expect(run()).resolves.toMatchObject({ address: { count: 1 } });
  });

  it('throws on an answer that the script cannot give', async () => {
    for (const reply of [null, 'OK', [], ['1', '2'], [1, null], [1, 2, 3, 'x'], [1, 2, 3, 4, '5', null]]) {
      const liar = { evalsha: () => Promise.resolve(reply) } as unknown as RedisClient;
      await expect(runDecisionScript(liar, KEYS, [1, 1, 1, 2])).rejects.toThrow('decision script');
    }
    expect(DECISION_SCRIPT).toContain('INCR');
  });
});
