import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const SETTLE_MS = 3000;
const SAMPLES = 5;
const BETWEEN_SAMPLES_MS = 400;

/** Returns VmRSS of /proc/<pid>/status in MiB; undefined if there is no such file (not Linux). */
export function residentMiB(pid: number, status = `/proc/${String(pid)}/status`): number | undefined {
  try {
    const kib = /^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(status, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

/** Returns the median of several samples of the resident memory, after a pause without requests. */
export async function settledMiB(pid: number): Promise<number | undefined> {
  await sleep(SETTLE_MS);
  const samples: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const mib = residentMiB(pid);
    if (mib === undefined) return undefined;
    samples.push(mib);
    await sleep(BETWEEN_SAMPLES_MS);
  }
  return samples.sort((a, b) => a - b)[Math.floor(SAMPLES / 2)];
}
