export { migrate } from './migrate';
export { startPostgres, type Postgres, type PostgresOptions } from './start-postgres';
export { WORKERS_POSTGRES, workersPostgres } from './workers-postgres';
