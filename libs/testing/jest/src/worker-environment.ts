import type { Context } from 'node:vm';
import type { JestEnvironment, JestEnvironmentConfig } from '@jest/environment';
import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

import { WORKERS_POSTGRES, workersPostgres } from '@communique-tee/testing/postgres';
import { recordWorkerState } from './worker-state';

/**
 * The environment of all specs. Specs use the jest worker's own globals instead of a vm context with copies. So the packages that spec files
 * share (worker-runtime.ts) have the same `Error` and `Uint8Array` as the specs. After each spec file, its changes of the globals are undone.
 * Jest loads this module once per worker, so its own state, such as the worker's PostgreSQL, stays for the next spec file.
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
    // The constructor does everything
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
 * node:timers/promises. They must not replace `process.nextTick` and `queueMicrotask`, because Node's streams and fetch use these too.
 */
function globalsForFakeTimers(): typeof globalThis {
  const ownProcess: unknown = Object.create(process);
  return new Proxy(globalThis, {
    get: (target, name): unknown => (name === 'process' ? ownProcess : Reflect.get(target, name)),
    getOwnPropertyDescriptor: (target, name) =>
      name === 'queueMicrotask' ? undefined : Reflect.getOwnPropertyDescriptor(target, name),
  });
}

// Loads Node's fetch before the first spec file, because its first use sets a global dispatcher that no code can delete
void globalThis.Response;
