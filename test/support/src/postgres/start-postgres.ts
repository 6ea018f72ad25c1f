import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from 'pg';

import { SupportError, propertyOf } from '../errors';
import { integrationOnly } from '../integration-only';
import { freePort } from '../process/free-port';
import { spawnService, type Service } from '../process/spawn-service';
import { postgresBinaries } from './binaries';
import { clusterFolder } from './cluster-folder';

export interface PostgresOptions {
  /** Where the cluster lives; reused if it holds one. Left out: a new temporary folder. */
  readonly folder?: string;
  /** TCP port on 127.0.0.1; left out or 0: a free one. */
  readonly port?: number;
  /** Keep the data on stop (and write it with fsync). Default: true when a folder is named. */
  readonly persistent?: boolean;
  /** Further server settings, e.g. `{ max_connections: '50' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Postgres extends AsyncDisposable {
  /** Of the maintenance database `postgres`, with the password. */
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** The server's log so far. */
  log(): string;
  /** The URL of a database, created if it is not there. Without a name: a new one. */
  createDatabase(name?: string): Promise<string>;
  /** Fast shutdown: connections are cut, the data is consistent; removed unless persistent. */
  stop(): Promise<void>;
  /** SIGKILL to the server's main process, as a crash would. */
  kill(): Promise<void>;
  /** Stops it if it runs and starts it again on the same data and port. */
  restart(): Promise<void>;
}

/**
 * A real PostgreSQL 18 on 127.0.0.1, password authentication, as user `postgres`. It ends with us, however we end.
 *
 * @throws SupportError POSTGRES_UNAVAILABLE, POSTGRES_FOLDER_UNUSABLE, POSTGRES_FOLDER_IN_USE, POSTGRES_START_FAILED
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  integrationOnly('PostgreSQL');
  const persistent = options.persistent ?? options.folder !== undefined;
  const binaries = postgresBinaries();
  const folder = await clusterFolder(binaries, options.folder);
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    // Without fsync a crash of the server loses nothing, only one of the machine; without synchronous_commit it would.
    ...(persistent ? {} : { fsync: 'off', full_page_writes: 'off' }),
    ...options.settings,
  };
  const run = (port: number): Promise<Service> =>
    spawnService({
      command: binaries.postgres,
      args: [
        '-D',
        folder.data,
        '-p',
        String(port),
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      cwd: '/',
      ...(binaries.user ?? {}),
      stopSignal: 'SIGINT',
      readyWhen: /database system is ready to accept connections/,
      logFile: join(folder.path, 'server.log'),
    });

  const fixed = options.port !== undefined && options.port !== 0 ? options.port : undefined;
  let port = fixed ?? (await freePort());
  let service: Service | undefined;
  const start = async (mayMove: boolean): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        service = await run(port);
        return;
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        if (attempt < 5 && mayMove && /could not bind/.test(text)) port = await freePort();
        // After a SIGKILL the backends hold the old shared memory until they notice.
        else if (attempt < 100 && /shared memory block|lock file .* already exists/.test(text)) await sleep(100);
        else throw new SupportError('POSTGRES_START_FAILED', text, { cause: error });
      }
    }
  };
  const discard = async () => {
    if (!persistent) await rm(folder.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  };
  try {
    await start(fixed === undefined);
  } catch (error) {
    await discard();
    throw error;
  }

  const urlOf = (database: string) =>
    `postgresql://postgres:${folder.password}@127.0.0.1:${String(port)}/${encodeURIComponent(database)}`;
  const stop = async () => {
    await service?.stop(20_000);
    await discard();
  };
  return {
    url: urlOf('postgres'),
    port,
    folder: folder.path,
    log: () => service?.output() ?? '',
    async createDatabase(name = `test_${randomBytes(6).toString('hex')}`) {
      const client = new Client({ connectionString: urlOf('postgres') });
      await client.connect();
      try {
        await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
      } catch (error) {
        if (propertyOf(error, 'code') !== '42P04') throw error; // duplicate_database
      } finally {
        await client.end();
      }
      return urlOf(name);
    },
    stop,
    async kill() {
      await service?.kill();
    },
    async restart() {
      await service?.stop(20_000);
      await start(false);
    },
    [Symbol.asyncDispose]: stop,
  };
}
