/**
 * What tests and the demo run on: a real PostgreSQL, a real Redis, processes that end with us. Nothing here needs jest but
 * describeWith, and that only when called.
 */
export { describeWith } from './describe-with';
export { SupportError, propertyOf, type SupportErrorCode } from './errors';
export { integrationOnly } from './integration-only';
export { migrate } from '../../postgres/src/migrate';
export { collectGarbage, heldArrayBufferBytes } from './held-memory';
export { startPostgres, type Postgres, type PostgresOptions } from '../../postgres/src/start-postgres';
export { freePort } from './free-port';
export { isRunning } from './is-running';
export { startSilentPort, type SilentPort } from './silent-port';
export { spawnService, type Service, type ServiceExit, type ServiceOptions } from './spawn-service';
export { redisAvailability, startRedis, type Availability, type Redis, type RedisOptions } from '../../redis/src/start-redis';
export { workspaceRoot } from './workspace-root';
export { temporaryFolder, type TemporaryFolder } from './temporary-folder';
