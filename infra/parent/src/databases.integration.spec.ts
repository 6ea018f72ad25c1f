import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  commandAvailability,
  describeWith,
  freePort,
  spawnService,
  temporaryFolder,
} from '@communique-tee/testing/harness';
import { redisAvailability } from '@communique-tee/testing/redis';
import { Redis } from 'ioredis';
import { renderParentFiles } from './index';
import { ON_PARENT } from './testing/example-settings';

const files = renderParentFiles(ON_PARENT);

describeWith(
  redisAvailability({ own: true }).available
    ? commandAvailability('redis-server', 'redis-server')
    : { available: false, reason: 'no redis-server: apt-get install redis-server' },
  'Redis on the parent',
  () => {
    it('accepts its configuration, and evicts no key', async () => {
      await using folder = await temporaryFolder('parent-redis');
      const port = await freePort();
      const at = await mkdtemp(join(folder.path, 'run-'));
      const file = folder.file('redis.conf');
      await writeFile(
        file,
        (files['/etc/communique/redis.conf']?.content ?? '')
          .replace('port 6379', `port ${String(port)}`)
          .replace('/run/communique-redis', at),
      );
      await using _service = await spawnService({
        command: 'redis-server',
        args: [file],
        readyWhen: /Ready to accept connections/,
      });
      const client = new Redis(port, '127.0.0.1');
      const memory = await client.info('memory');
      expect(memory).toMatch(/maxmemory_policy:noeviction/);
      expect(memory).toMatch(/maxmemory:268435456/);
      expect(await client.set('a', '1', 'PX', 1000)).toBe('OK');
      await expect(client.call('DEBUG', 'SLEEP', '0')).rejects.toThrow(/unknown command/);
      client.disconnect();
    });
  },
);

describe('PostgreSQL on the parent', () => {
  it('listens on no network, and lets each system user sign in only as its own role', () => {
    expect(files['/etc/communique/postgresql/postgresql.conf']?.content).toMatch(/^listen_addresses = ''$/m);
    const rules = (files['/etc/communique/postgresql/pg_hba.conf']?.content ?? '')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(rules.map((line) => line.split(/\s+/))).toEqual([
      ['local', 'all', 'postgres', 'peer'],
      ['local', 'communique', 'communique', 'peer', 'map=communique'],
      ['local', 'communique', 'communique_gateway', 'peer', 'map=communique'],
      ['local', 'all', 'all', 'reject'],
    ]);
  });
});
