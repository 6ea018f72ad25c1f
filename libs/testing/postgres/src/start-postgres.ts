import { integrationOnly, type ServiceExit } from '@communique-tee/testing/harness';
import { startPostgresServer } from './postgres-server';
import { WORKERS_POSTGRES } from './workers-postgres';

export interface PostgresOptions {
  /** Starts a separate server, also in jest. Tests that stop or kill a server, or read its folder or roles, need it. */
  readonly own?: boolean;
  /** The folder of the cluster. A cluster in it is reused. The default is a new temporary folder. */
  readonly folder?: string;
  /** The TCP port on 127.0.0.1. The default and 0 select a free port. */
  readonly port?: number;
  /** Whether the data stay after `stop` and are written with fsync. The default is true if a folder is given. */
  readonly persistent?: boolean;
  /** Further server settings, e.g. `{ max_connections: '50' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called with each piece of the server's log. */
  readonly onOutput?: (text: string) => void;
}

export interface Postgres extends AsyncDisposable {
  /** Contains the password. The URL names the database `postgres` on a caller's own server, and a new, empty one on the worker's server. */
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** Resolves when the current server process has ended in any way. */
  readonly exited: Promise<ServiceExit>;
  /** Returns the server's log so far. */
  log(): string;
  /**
   * Returns the URL of the database with this name, and creates it empty if it does not exist. Without a name it creates a new database.
   * @throws SupportError POSTGRES_NOT_OWNED for a name on the worker's server
   */
  createDatabase(name?: string): Promise<string>;
  /** Returns the URL of a new database with the gateway's tables. It copies a migrated database, which is 20 times as fast as migrating. */
  createMigratedDatabase(): Promise<string>;
  /** Stops a caller's own server, and removes its data unless persistent. On the worker's server, drops the databases of this object. */
  stop(): Promise<void>;
  /** Sends SIGKILL to the server's main process, like a crash. @throws SupportError POSTGRES_NOT_OWNED */
  kill(): Promise<void>;
  /** Stops the server if it runs, and starts it again with the same data and port. @throws SupportError POSTGRES_NOT_OWNED */
  restart(): Promise<void>;
}

/**
 * Starts a real PostgreSQL 18 on 127.0.0.1 with password authentication, as user `postgres`. The server ends with our process, even if that
 * crashes.
 *
 * In jest, without options, it returns a new database on the server that all spec files of a worker share. With any option, it starts a
 * separate server.
 *
 * @throws SupportError POSTGRES_UNAVAILABLE, POSTGRES_FOLDER_UNUSABLE, POSTGRES_FOLDER_IN_USE, POSTGRES_START_FAILED
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  integrationOnly('PostgreSQL');
  const { own: _, ...settings } = options;
  const ofWorker = Reflect.get(globalThis, WORKERS_POSTGRES) as (() => Promise<Postgres>) | undefined;
  return Object.keys(options).length === 0 && ofWorker !== undefined ? ofWorker() : startPostgresServer(settings);
}
