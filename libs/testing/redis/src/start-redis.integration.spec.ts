import { chmod, mkdir, writeFile } from 'node:fs/promises';

import RedisClient from 'ioredis';

import { describeWith, temporaryFolder } from '@communique-tee/testing/harness';
import { redisAvailability, startRedis, type Redis } from '.';
import { findRedisServer } from './find-redis';

async function run<T>(url: string, body: (client: RedisClient) => Promise<T>): Promise<T> {
  const client = new RedisClient(url, {
    lazyConnect: true,
    disconnectTimeout: 100,
    enableReadyCheck: false,
    retryStrategy: () => null,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await body(client);
  } finally {
    client.disconnect();
  }
}

describeWith(redisAvailability({ own: true }), 'startRedis', () => {
  let redis: Redis;

  beforeAll(async () => {
    redis = await startRedis({ own: true, settings: { maxmemory: '16mb' } });
  });
  afterAll(() => redis.stop());

  it('starts a Redis with the given settings', async () => {
    expect(await run(redis.url, (client) => client.config('GET', 'maxmemory'))).toEqual([
      'maxmemory',
      String(16 * 1024 * 1024),
    ]);
  });

  it('starts a Redis that requires its password', async () => {
    const url = new URL(redis.url);
    url.password = '';
    await expect(run(url.href, (client) => client.ping())).rejects.toThrow(/NOAUTH/);
  });

  it('starts an empty Redis on the same port after kill and restart', async () => {
    await run(redis.url, (client) => client.set('a', '1'));
    await redis.kill();
    await expect(run(redis.url, (client) => client.ping())).rejects.toThrow();
    await redis.restart();
    expect(await run(redis.url, (client) => client.get('a'))).toBeNull();
  });
});

describe('REDIS_URL', () => {
  const before = process.env['REDIS_URL'];

  afterEach(() => {
    if (before === undefined) delete process.env['REDIS_URL'];
    else process.env['REDIS_URL'] = before;
  });

  it('is used unchanged, and its server is never stopped', async () => {
    process.env['REDIS_URL'] = 'redis://redis.test:6380/3';
    const redis = await startRedis();
    expect(redis).toMatchObject({ url: 'redis://redis.test:6380/3', port: 6380, owned: false });
    await expect(redis.kill()).rejects.toMatchObject({ code: 'REDIS_NOT_OWNED' });
    await expect(redis.restart()).rejects.toMatchObject({ code: 'REDIS_NOT_OWNED' });
    await redis.stop();
  });
});

describe('findRedisServer', () => {
  it('searches PATH first, and then the unpacked server with its libraries', async () => {
    await using folder = await temporaryFolder();
    expect(findRedisServer('', folder.path)).toBeUndefined();
    await mkdir(folder.file('usr/bin'), { recursive: true });
    await mkdir(folder.file('usr/lib/x86_64-linux-gnu'), { recursive: true });
    await writeFile(folder.file('usr/bin/redis-server'), '#!/bin/sh\n');
    expect(findRedisServer('', folder.path)).toBeUndefined(); // not executable
    await chmod(folder.file('usr/bin/redis-server'), 0o755);
    expect(findRedisServer('', folder.path)).toEqual({
      command: folder.file('usr/bin/redis-server'),
      env: { LD_LIBRARY_PATH: `${folder.file('usr/lib')}:${folder.file('usr/lib/x86_64-linux-gnu')}` },
    });
    await mkdir(folder.file('bin'));
    await writeFile(folder.file('bin/redis-server'), '#!/bin/sh\n', { mode: 0o755 });
    expect(findRedisServer(folder.file('bin'), folder.path)).toEqual({
      command: folder.file('bin/redis-server'),
      env: {},
    });
  });
});
