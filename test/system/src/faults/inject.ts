import type { Postgres } from '@communique-tee/testing/postgres';
import type { Redis } from '@communique-tee/testing/redis';
import { setTimeout as sleep } from 'node:timers/promises';
import type { System } from '../start-system';
import { CALM, type FaultPlan, type Kill, type ProcessName } from './fault-plan';

export interface Crash {
  readonly process: string;
  /** When, in Unix milliseconds. */
  readonly atMs: number;
}

export interface Injected {
  readonly kills: Record<ProcessName, number>;
  readonly episodes: number;
  /** The process of each start that failed. */
  readonly failedStarts: string[];
  /** Every SIGKILL, in order. */
  readonly crashes: Crash[];
}

export interface Injector {
  readonly injected: Injected;
  /** The names of the processes that are down now. */
  readonly down: ReadonlySet<string>;
  /** Resolves when the plan is over and everything runs again. Rejects if a process could not be started again. */
  readonly finished: Promise<void>;
}

export interface FaultTargets {
  readonly system: System;
  readonly redis: Redis | undefined;
}

const START_ATTEMPTS = 10;

/**
 * Carries out the plan. Each process has its own timeline, so several may be down at once. `signal` ends the plan early; all processes are
 * then started again.
 */
export function inject(
  plan: FaultPlan,
  victims: FaultTargets,
  signal: AbortSignal,
  note: (line: string) => void,
): Injector {
  const injected = {
    kills: { gateway: 0, enclave: 0, redis: 0, postgres: 0 },
    episodes: 0,
    failedStarts: [] as string[],
    crashes: [] as Crash[],
  };
  const down = new Set<string>();
  const startedAt = performance.now();
  const until = (atMs: number) =>
    sleep(Math.max(0, atMs - (performance.now() - startedAt)), undefined, { signal }).then(
      () => true,
      () => false,
    );

  const killInTurn = async (kills: readonly Kill[]): Promise<void> => {
    for (const { process, which, atMs, downMs } of kills) {
      if (process === 'redis' && victims.redis === undefined) return;
      if (!(await until(atMs))) return;
      const name = which === 0 ? process : `${process} ${String(which + 1)}`;
      const actions = actionsOn(process, which, victims);
      note(`SIGKILL ${name}, away for ${String(downMs)} ms`);
      down.add(name);
      await actions.kill();
      injected.kills[process]++;
      injected.crashes.push({ process: name, atMs: Date.now() });
      await sleep(downMs, undefined, { signal }).catch(() => undefined);
      for (let attempt = 1; ; attempt++) {
        try {
          await actions.start();
          break;
        } catch (error) {
          injected.failedStarts.push(name);
          note(`${name} did not start: ${error instanceof Error ? error.message : String(error)}`);
          if (attempt >= START_ATTEMPTS || signal.aborted) throw error;
          await sleep(500);
        }
      }
      down.delete(name);
      note(`${name} runs again`);
    }
  };
  const disturbCongress = async (): Promise<void> => {
    for (const { atMs, lastsMs, plan: faults } of plan.episodes) {
      if (!(await until(atMs))) break;
      note(`Congress: ${JSON.stringify(faults.random?.faults)}, ${String(lastsMs)} ms`);
      await setCongressFaults(victims.system, faults);
      injected.episodes++;
      if (!(await until(atMs + lastsMs))) break;
      await setCongressFaults(victims.system, CALM);
    }
    await setCongressFaults(victims.system, CALM);
  };

  const lines = new Map<string, Kill[]>();
  for (const kill of plan.kills)
    lines.set(`${kill.process} ${String(kill.which)}`, [
      ...(lines.get(`${kill.process} ${String(kill.which)}`) ?? []),
      kill,
    ]);
  const finished = Promise.allSettled([...[...lines.values()].map(killInTurn), disturbCongress()]).then((results) => {
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  });
  finished.catch(() => undefined); // the caller that awaits it gets the error
  return { injected, down, finished };
}

function actionsOn(
  process: ProcessName,
  which: number,
  { system, redis }: FaultTargets,
): { kill: () => Promise<void>; start: () => Promise<void> } {
  if (process === 'gateway' || process === 'enclave')
    return { kill: () => system.kill(process, which), start: () => system.start(process, which) };
  const server: Postgres | Redis | undefined = process === 'postgres' ? system.postgres : redis;
  if (server === undefined) throw new Error('there is no Redis');
  return { kill: () => server.kill(), start: () => server.restart() };
}

/**
 * Sets the fault plan of the Congress simulator.
 * @throws Error if the simulator refuses the plan
 */
export async function setCongressFaults(system: System, plan: object): Promise<void> {
  const response = await fetch(`${system.congress.controlUrl}/faults`, { method: 'POST', body: JSON.stringify(plan) });
  if (!response.ok) throw new Error(`the simulator refused a fault plan: ${String(response.status)}`);
}
