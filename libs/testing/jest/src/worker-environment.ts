import type { Context } from 'node:vm';
import type { JestEnvironment, JestEnvironmentConfig } from '@jest/environment';
import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

import { WORKERS_POSTGRES, workersPostgres } from '@communique-tee/testing/postgres';
import { recordWorkerState } from './worker-state';

/**
 * The environment of all specs. It gives them the jest worker's own globals instead of a vm context with copies, so that the packages that
 * spec files share (worker-runtime.ts) have the same `Error` and `Uint8Array` as the specs. Changes of a spec file are undone after the
 * file. Jest loads this module once per worker, so its own state stays from one spec file to the next, as does the worker's PostgreSQL.
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

  /** Returns no context, because WorkerRuntime compiles for the worker's own globals. */
  getVmContext(): Context | null {
    return null;
  }
}

/**
 * Returns the globals that fake timers may replace. With globalThis itself, they would also replace the exports of node:timers and
 * node:timers/promises. They may not replace `process.nextTick` and `queueMicrotask`, because Node's own streams and fetch use the same
 * ones as the specs.
 */
function globalsForFakeTimers(): typeof globalThis {
  const ownProcess: unknown = Object.create(process);
  return new Proxy(globalThis, {
    get: (target, name): unknown => (name === 'process' ? ownProcess : Reflect.get(target, name)),
    getOwnPropertyDescriptor: (target, name) =>
      name === 'queueMicrotask' ? undefined : Reflect.getOwnPropertyDescriptor(target, name),
  });
}

// Loads Node's fetch now. Its first use sets a global dispatcher that cannot be deleted, so it must not happen in a spec file.
void globalThis.Response;
