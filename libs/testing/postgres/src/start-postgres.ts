import { integrationOnly, type ServiceExit } from '@communique-tee/testing/harness';
import { startPostgresServer } from './postgres-server';
import { WORKERS_POSTGRES } from './workers-postgres';

export interface PostgresOptions {
  /** A server that no other spec file uses, also in jest: to stop or kill it, or to look into its folder or its roles. */
  readonly own?: boolean;
  /** Where the cluster lives; reused if it holds one. Left out: a new temporary folder. */
  readonly folder?: string;
  /** TCP port on 127.0.0.1; left out or 0: a free one. */
  readonly port?: number;
  /** Keep the data on stop (and write it with fsync). Default: true when a folder is named. */
  readonly persistent?: boolean;
  /** Further server settings, e.g. `{ max_connections: '50' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called with each piece of the server's log. */
  readonly onOutput?: (text: string) => void;
}

export interface Postgres extends AsyncDisposable {
  /** With the password. Own server: of the maintenance database `postgres`. The worker's server: of a new, empty database. */
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** Resolves when the current server has ended, whether it stopped, crashed or was stopped. */
  readonly exited: Promise<ServiceExit>;
  /** The server's log so far. */
  log(): string;
  /** The URL of an empty database, created if it does not exist. Without a name: a new one. @throws SupportError POSTGRES_NOT_OWNED (names) */
  createDatabase(name?: string): Promise<string>;
  /** The URL of a new database with the gateway's tables: a copy, which takes a twentieth of what migrating takes. */
  createMigratedDatabase(): Promise<string>;
  /** Own server: fast shutdown, data removed unless persistent. The worker's server: removes the databases made here. */
  stop(): Promise<void>;
  /** SIGKILL to the server's main process, as a crash would. @throws SupportError POSTGRES_NOT_OWNED */
  kill(): Promise<void>;
  /** Stops it if it runs and starts it again on the same data and port. @throws SupportError POSTGRES_NOT_OWNED */
  restart(): Promise<void>;
}

/**
 * A real PostgreSQL 18 on 127.0.0.1, password authentication, as user `postgres`. It ends with our process, however that ends.
 *
 * In jest, without options: new databases on the one server that all spec files of a worker use after each other. With any option, even
 * only `own`, the caller gets a server of its own.
 *
 * @throws SupportError POSTGRES_UNAVAILABLE, POSTGRES_FOLDER_UNUSABLE, POSTGRES_FOLDER_IN_USE, POSTGRES_START_FAILED
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  integrationOnly('PostgreSQL');
  const { own: _, ...settings } = options;
  const ofWorker = Reflect.get(globalThis, WORKERS_POSTGRES) as (() => Promise<Postgres>) | undefined;
  return Object.keys(options).length === 0 && ofWorker !== undefined ? ofWorker() : startPostgresServer(settings);
}
