import { SupportError } from '@communique-tee/testing/harness';
import { startPostgresServer, type PostgresServer } from './postgres-server';
import type { Postgres } from './start-postgres';

/** The global through which specs get `workersPostgres` (libs/testing/jest), because each spec file loads its own copy of this module. */
export const WORKERS_POSTGRES = Symbol.for('communique-tee.workers-postgres');

/** The server of this jest worker. It outlives the spec files, and ends with the process. */
let server: Promise<PostgresServer> | undefined;

/** Returns new databases on the worker's server for one spec file. The first call starts the server. */
export async function workersPostgres(): Promise<Postgres> {
  server ??= startPostgresServer({ keepAlive: false });
  const shared = await server.catch((error: unknown) => {
    server = undefined;
    throw error;
  });
  const made: string[] = [];
  const keep = async (creating: Promise<string>) => {
    const url = await creating;
    made.push(url);
    return url;
  };
  const refuse = () =>
    Promise.reject(
      new SupportError('POSTGRES_NOT_OWNED', 'other spec files use this server too; use startPostgres({ own: true })'),
    );
  const stop = async () => {
    for (const url of made.splice(0)) await shared.dropDatabase(url);
  };
  return {
    url: await keep(shared.createDatabase()),
    port: shared.port,
    folder: shared.folder,
    get exited() {
      return shared.exited;
    },
    log: () => shared.log(),
    createDatabase: (name) => (name === undefined ? keep(shared.createDatabase()) : refuse()),
    createMigratedDatabase: () => keep(shared.createMigratedDatabase()),
    stop,
    kill: refuse,
    restart: refuse,
    [Symbol.asyncDispose]: stop,
  };
}
