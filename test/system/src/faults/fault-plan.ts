import type { Fault, FaultPlanInput } from '@communique-tee/congress-simulator';
import { drawFrom } from '@communique-tee/testing/harness';

export const PROCESSES = ['gateway', 'enclave', 'redis', 'postgres'] as const;
export type ProcessName = (typeof PROCESSES)[number];

/** A SIGKILL at `atMs`; the process starts again `downMs` later. `which` counts processes of the same kind, from 0. */
export interface Kill {
  readonly process: ProcessName;
  readonly which: number;
  readonly atMs: number;
  readonly downMs: number;
}

/** From `atMs` and for `lastsMs`, Congress has the faults of `plan`. */
export interface Episode {
  readonly atMs: number;
  readonly lastsMs: number;
  readonly plan: FaultPlanInput;
}

export interface FaultPlan {
  readonly kills: readonly Kill[];
  readonly episodes: readonly Episode[];
}

/** The office that always answers 400. The judge of test/faults accepts the outcome `refused` from this office only. */
export const REFUSING_OFFICE = 'HCA38';

/** How long a process runs on average before it is killed. */
const LIFE_MS: Record<ProcessName, number> = { gateway: 9_000, enclave: 12_000, redis: 12_000, postgres: 12_000 };
/** How long a killed process stays down at most. */
const MAX_DOWN_MS = 2500;
const CALM_MS = 5000;

export interface Counts {
  readonly gateways: number;
  readonly enclaves: number;
  /** Multiplies the times between kills and between episodes. The default of 1 suits a run of minutes. */
  readonly calm?: number;
}

/** Returns the faults of a run. The same seed, length, numbers of processes and calm give the same plan. */
export function drawFaultPlan(seed: number, totalMs: number, { gateways, enclaves, calm = 1 }: Counts): FaultPlan {
  const counts: Record<ProcessName, number> = { gateway: gateways, enclave: enclaves, redis: 1, postgres: 1 };
  const kills = PROCESSES.flatMap((process) =>
    Array.from({ length: counts[process] }, (_, which) => drawKills(seed, totalMs, calm, process, which)).flat(),
  );
  return { kills: kills.sort((a, b) => a.atMs - b.atMs), episodes: drawEpisodes(seed, totalMs, calm) };
}

function drawKills(seed: number, totalMs: number, calm: number, process: ProcessName, which: number): Kill[] {
  const draw = drawFrom(seed, `${process} ${String(which)}`);
  const kills: Kill[] = [];
  for (let atMs = 0; ;) {
    atMs += Math.round(LIFE_MS[process] * calm * draw.between(0.3, 1.7));
    if (atMs >= totalMs) return kills;
    const downMs = Math.round(draw.chance(0.3) ? 0 : draw.between(100, MAX_DOWN_MS));
    kills.push({ process, which, atMs, downMs });
    atMs += downMs;
  }
}

function drawEpisodes(seed: number, totalMs: number, calm: number): Episode[] {
  const draw = drawFrom(seed, 'congress');
  const episodes: Episode[] = [];
  for (let atMs = 0; ;) {
    atMs += Math.round(CALM_MS * calm * draw.between(0.2, 1.2));
    if (atMs >= totalMs) return episodes;
    const lastsMs = Math.min(Math.round(draw.between(1000, 6000)), totalMs - atMs);
    const faults = Array.from({ length: draw.whole(1, 3) }, () => drawFault(seed, atMs + draw.whole(0, 1_000_000)));
    const cut = draw.chance(0.3)
      ? [{ fault: { kind: 'cut', at: 'before_reading' } as const, times: draw.whole(1, 6) }]
      : [];
    episodes.push({
      atMs,
      lastsMs,
      plan: {
        queue: [...ALWAYS, ...cut],
        random: { seed: draw.whole(0, 0xffff_ffff), probability: draw.one([0.3, 0.6, 1]), faults },
      },
    });
    atMs += lastsMs;
  }
}

const ALWAYS = [
  { fault: { kind: 'status', status: 400, stored: false } as const, office: REFUSING_OFFICE, times: 'always' as const },
];

/** The plan for a Congress without faults, except for the office that refuses. */
export const CALM: FaultPlanInput = { queue: ALWAYS };

/**
 * Draws a fault of a chamber. It draws no 503 or 429 for a message that the chamber stored, because the enclave takes these two answers
 * for "not accepted" (apps/enclave/src/services/congress/README.md, table of answers).
 */
function drawFault(seed: number, stream: number): Fault {
  const draw = drawFrom(seed, `fault ${String(stream)}`);
  switch (draw.whole(0, 7)) {
    case 0:
      return { kind: 'status', status: draw.one([500, 502, 504]), stored: draw.chance(0.5) };
    case 1:
      return { kind: 'status', status: 429, retryAfter: '1', stored: false };
    case 2:
      return { kind: 'slow', delayMs: draw.whole(100, 3000), stored: draw.chance(0.5) };
    case 3:
      // The delay may be longer than the gateway waits for the enclave.
      return { kind: 'slow', delayMs: draw.whole(3000, 7000), stored: draw.chance(0.5) };
    case 4:
      return { kind: 'maintenance', retryAfterSeconds: draw.whole(1, 2) };
    case 5:
      return { kind: 'garbage', stored: draw.chance(0.5) };
    case 6:
      return { kind: 'redirect', location: 'https://localhost:1/elsewhere' };
    default:
      return { kind: 'cut', at: draw.one(['after_reading', 'after_storing', 'in_the_answer']) };
  }
}
