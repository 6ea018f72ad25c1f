import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from 'pg';

import { SupportError, propertyOf, freePort, spawnService, type Service } from '@communique-tee/testing/harness';
import { postgresBinaries } from './binaries';
import { clusterFolder } from './cluster-folder';
import { hashOfMigrations, migrate } from './migrate';
import type { Postgres, PostgresOptions } from './start-postgres';

const newName = () => `test_${randomBytes(6).toString('hex')}`;

export interface ServerOptions extends Omit<PostgresOptions, 'own'> {
  /** Whether the running server keeps this process alive (default true). */
  readonly keepAlive?: boolean;
}

export interface PostgresServer extends Postgres {
  /** Cuts the connections to the database and removes it. */
  dropDatabase(url: string): Promise<void>;
}

/** @see startPostgres */
export async function startPostgresServer(options: ServerOptions = {}): Promise<PostgresServer> {
  const persistent = options.persistent ?? options.folder !== undefined;
  const binaries = postgresBinaries();
  const folder = await clusterFolder(binaries, options.folder);
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    // fsync is off, because only a crash of the machine would lose data. Tests kill the server, so synchronous_commit stays on.
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
      ...(persistent ? {} : { temporaryFolder: folder.path }),
      ...(options.keepAlive === undefined ? {} : { keepAlive: options.keepAlive }),
      readyWhen: /database system is ready to accept connections/,
      logFile: join(folder.path, 'server.log'),
      ...(options.onOutput !== undefined && { onOutput: options.onOutput }),
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
        // After a SIGKILL the backends hold the old shared memory for some time
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
  const administer = async (statement: (escape: (name: string) => string) => string) => {
    const client = new Client({ connectionString: urlOf('postgres') });
    await client.connect();
    try {
      await client.query(statement((name) => client.escapeIdentifier(name)));
    } finally {
      await client.end();
    }
  };
  const createDatabase = async (name = newName()) => {
    try {
      await administer((escape) => `CREATE DATABASE ${escape(name)}`);
    } catch (error) {
      if (propertyOf(error, 'code') !== '42P04') throw error; // duplicate_database
    }
    return urlOf(name);
  };
  const templates = new Map<string, Promise<unknown>>();
  return {
    url: urlOf('postgres'),
    port,
    folder: folder.path,
    get exited() {
      return service?.exited ?? Promise.resolve({ code: null, signal: null });
    },
    log: () => service?.output() ?? '',
    createDatabase,
    async createMigratedDatabase() {
      const template = `migrated_${await hashOfMigrations()}`;
      const migrated = templates.get(template) ?? createDatabase(template).then(migrate);
      templates.set(template, migrated);
      await migrated.catch((error: unknown) => {
        templates.delete(template);
        throw error;
      });
      const copy = newName();
      await administer((escape) => `CREATE DATABASE ${escape(copy)} TEMPLATE ${escape(template)}`);
      return urlOf(copy);
    },
    async dropDatabase(url) {
      const name = decodeURIComponent(new URL(url).pathname.slice(1));
      await administer((escape) => `DROP DATABASE IF EXISTS ${escape(name)} WITH (FORCE)`);
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
