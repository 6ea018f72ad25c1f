/**
 * What tests and the demo run on: a real PostgreSQL, a real Redis, processes that end with us. Nothing here needs jest but
 * describeWith, and that only when called.
 */
export { describeWith } from './describe-with';
export { SupportError, propertyOf, type SupportErrorCode } from './errors';
export { integrationOnly } from './integration-only';
export { migrate } from './postgres/migrate';
export { collectGarbage, heldArrayBufferBytes } from './memory/held-memory';
export { startPostgres, type Postgres, type PostgresOptions } from './postgres/start-postgres';
export { freePort } from './process/free-port';
export { isRunning } from './process/is-running';
export { startSilentPort, type SilentPort } from './process/silent-port';
export { spawnService, type Service, type ServiceExit, type ServiceOptions } from './process/spawn-service';
export { redisAvailability, startRedis, type Availability, type Redis, type RedisOptions } from './redis/start-redis';
export { workspaceRoot } from './workspace/root';
export { temporaryFolder, type TemporaryFolder } from './workspace/temporary-folder';
