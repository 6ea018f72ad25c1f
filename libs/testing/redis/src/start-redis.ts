import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  SupportError,
  type Availability,
  integrationOnly,
  freePort,
  spawnService,
  type Service,
} from '@communique-tee/testing/harness';
import { findRedisServer } from './find-redis';

export interface RedisOptions {
  /** Starts a server even if REDIS_URL names one. Tests that stop, fill or fail over a server need their own. */
  readonly own?: boolean;
  readonly port?: number;
  /** Further settings, e.g. `{ maxmemory: '8mb' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Redis extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Whether startRedis started the server. Specs may kill, restart or FLUSHALL only such a server. */
  readonly owned: boolean;
  log(): string;
  stop(): Promise<void>;
  /** Sends SIGKILL, like a crash. @throws SupportError REDIS_NOT_OWNED */
  kill(): Promise<void>;
  /** Starts the server again on the same port, empty. @throws SupportError REDIS_NOT_OWNED */
  restart(): Promise<void>;
}

const MISSING =
  'no redis-server: install it (apt-get install redis-server), or set REDIS_URL, or run `npm test`, which tries to fetch it';

/** For describeWith: whether startRedis can return a server. */
export function redisAvailability(options: RedisOptions = {}): Availability {
  const shared = options.own !== true && (process.env['REDIS_URL'] ?? '') !== '';
  return shared || findRedisServer() !== undefined ? { available: true } : { available: false, reason: MISSING };
}

/**
 * Returns the real Redis of REDIS_URL, otherwise a new server on 127.0.0.1 with a password and without persistence.
 *
 * @throws SupportError REDIS_UNAVAILABLE, REDIS_START_FAILED
 */
export async function startRedis(options: RedisOptions = {}): Promise<Redis> {
  integrationOnly('Redis');
  const given = process.env['REDIS_URL'] ?? '';
  if (options.own !== true && given !== '') return sharedRedis(given);

  const server = findRedisServer();
  if (server === undefined) throw new SupportError('REDIS_UNAVAILABLE', MISSING);
  const folder = await mkdtemp(join(tmpdir(), 'communique-redis-'));
  const password = randomBytes(18).toString('base64url');
  const fixed = options.port !== undefined && options.port !== 0 ? options.port : undefined;
  let port = fixed ?? (await freePort());
  const run = async (): Promise<Service> => {
    const settings = {
      bind: '127.0.0.1',
      port: String(port),
      save: '""',
      appendonly: 'no',
      dir: folder,
      requirepass: password,
      ...options.settings,
    };
    const file = join(folder, 'redis.conf'); // The process list would show a password that is an argument
    await writeFile(
      file,
      Object.entries(settings)
        .map(([name, value]) => `${name} ${value}\n`)
        .join(''),
      { mode: 0o600 },
    );
    return spawnService({
      command: server.command,
      args: [file],
      env: { PATH: process.env['PATH'], LC_ALL: 'C', ...server.env },
      cwd: folder,
      temporaryFolder: folder,
      readyWhen: /Ready to accept connections/,
    });
  };
  const start = async (mayMove: boolean): Promise<Service> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await run();
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        if (attempt < 5 && mayMove && /Address already in use|bind/i.test(text)) port = await freePort();
        else throw new SupportError('REDIS_START_FAILED', text, { cause: error });
      }
    }
  };
  const discard = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  let service: Service;
  try {
    service = await start(fixed === undefined);
  } catch (error) {
    await discard();
    throw error;
  }
  const stop = async () => {
    await service.stop();
    await discard();
  };
  return {
    url: `redis://:${password}@127.0.0.1:${String(port)}`,
    port,
    owned: true,
    log: () => service.output(),
    stop,
    async kill() {
      await service.kill();
    },
    async restart() {
      await service.stop();
      service = await start(false);
    },
    [Symbol.asyncDispose]: stop,
  };
}

function sharedRedis(url: string): Redis {
  const refuse = () =>
    Promise.reject(
      new SupportError('REDIS_NOT_OWNED', 'startRedis did not start the server of REDIS_URL; use { own: true }'),
    );
  const leave = () => Promise.resolve();
  return {
    url,
    port: Number(new URL(url).port || 6379),
    owned: false,
    log: () => '',
    stop: leave,
    kill: refuse,
    restart: refuse,
    [Symbol.asyncDispose]: leave,
  };
}
