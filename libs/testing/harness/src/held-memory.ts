import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Call this before you measure memory, so that garbage does not count as memory in use. */
export function collectGarbage(): void {
  collect();
}

/**
 * Returns the bytes of array buffers that are still in use. Buffers are freed some time after their owners, so this function collects
 * garbage until nothing more is freed, at most five times. One collection of a jest worker's large heap takes a second.
 */
export async function heldArrayBufferBytes(): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < 5; round++) {
    collect();
    await sleep(10);
    const held = process.memoryUsage().arrayBuffers;
    if (held >= least) break;
    least = held;
  }
  return least;
}
