import { TestEnvironment } from 'jest-environment-node';

import { WORKERS_POSTGRES, workersPostgres } from './workers-postgres';

/**
 * Jest's Node environment, and the worker's PostgreSQL. Jest loads this module once per worker, outside the realms of the specs, so what
 * it holds stays from one spec file to the next.
 */
export default class WorkerEnvironment extends TestEnvironment {
  override async setup(): Promise<void> {
    await super.setup();
    Reflect.set(this.global, WORKERS_POSTGRES, workersPostgres);
  }
}
