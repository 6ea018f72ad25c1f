import type { Context } from 'node:vm';
import type { JestEnvironment, JestEnvironmentConfig } from '@jest/environment';
import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

import { WORKERS_POSTGRES, workersPostgres } from '@communique-tee/testing/postgres';
import { recordWorkerState } from './worker-state';

/**
 * The environment of all specs: the jest worker's own globals instead of a vm context with copies, so that what spec files share (packages,
 * worker-runtime.ts) has the same `Error` and `Uint8Array` as the specs. What a spec file changes is put back after it. Jest loads this
 * module once per worker, so what it holds stays from one spec file to the next, as the worker's PostgreSQL.
 */
export class WorkerEnvironment implements JestEnvironment {
  readonly global = globalThis as unknown as JestEnvironment['global'];
  readonly moduleMocker = new ModuleMocker(globalThis);
  readonly fakeTimers = null;
  fakeTimersModern: ModernFakeTimers | null;
  readonly #restore: () => void;

  constructor({ projectConfig }: JestEnvironmentConfig) {
    this.#restore = recordWorkerState();
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalsForFakeTimers() });
    Reflect.set(globalThis, WORKERS_POSTGRES, workersPostgres);
  }

  async setup(): Promise<void> {
    // All is done by the constructor.
  }

  async teardown(): Promise<void> {
    this.fakeTimersModern?.dispose();
    this.fakeTimersModern = null;
    this.#restore();
  }

  exportConditions(): string[] {
    return ['node', 'node-addons'];
  }

  /** None: WorkerRuntime compiles for the worker's own globals. */
  getVmContext(): Context | null {
    return null;
  }
}

/**
 * The globals that fake timers may replace. Given globalThis itself, they would also replace what node:timers and node:timers/promises
 * export. `process.nextTick` and `queueMicrotask` are not for them: Node's own streams and fetch take the same ones as the specs.
 */
function globalsForFakeTimers(): typeof globalThis {
  const ownProcess: unknown = Object.create(process);
  return new Proxy(globalThis, {
    get: (target, name): unknown => (name === 'process' ? ownProcess : Reflect.get(target, name)),
    getOwnPropertyDescriptor: (target, name) =>
      name === 'queueMicrotask' ? undefined : Reflect.getOwnPropertyDescriptor(target, name),
  });
}

// Loads Node's fetch, which puts its dispatcher where it cannot be deleted: no spec file shall be the first.
void globalThis.Response;
