// Checks that init sets the clock by the NSM: with a wrong RTC, and with an NSM that is ahead, is behind, or refuses.
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { say } from '../../debian-archive/say';
import type { Accelerator } from '../accelerator';

export interface SmokeEvent {
  readonly event: string;
  readonly level?: string;
  readonly source?: string;
  readonly reason?: string;
  readonly differenceMs?: number;
  readonly correctedMs?: number;
  readonly correction?: 'none' | 'slewed' | 'stepped';
}

interface Machine {
  /** The folder that the emulated NSM reads for each document. */
  readonly pki: string;
  readonly events: () => readonly SmokeEvent[];
  /** Reads the clock inside the enclave. */
  readonly now: () => Promise<number>;
  readonly accelerator: Accelerator;
}

/** How much two clocks may differ, because an emulated request is slow and QEMU's NSM counts in whole seconds. */
const NEAR_MS = 3_000;
const TIMEOUT_MS = 120_000;

/** @param machine a machine that was started with `rtc: 'base=1971-01-01'` */
export async function checkClock({ pki, events, now, accelerator }: Machine): Promise<void> {
  const first = events().find(({ event }) => event === 'clock_checked');
  assert.ok(first, 'init logs its first reading');
  // Under KVM the guest has kvm-clock, which does not read the RTC.
  if (accelerator === 'tcg') {
    assert.equal(first.correction, 'stepped', 'a clock of 1971 is set');
    assert.ok((first.differenceMs ?? 0) > 50 * 365 * 86_400_000, 'and the difference is logged');
    assert.equal(first.level, 'warn');
  }
  await expectNear(now, 0);

  // Waits for the next reading after the NSM has changed, because a reading may already be under way.
  const next = async (which: (event: SmokeEvent) => boolean) => {
    const seen = events().length;
    for (const end = Date.now() + TIMEOUT_MS; Date.now() < end; await sleep(100)) {
      const found = events().slice(seen).find(which);
      if (found !== undefined) return found;
    }
    throw new Error(
      `init did not log the expected reading; its last readings: ${JSON.stringify(events().filter(isReading).slice(-3))}`,
    );
  };
  const stepped = ({ correction }: SmokeEvent) => correction === 'stepped';

  await writeFile(join(pki, 'clock-ms'), '60000');
  const ahead = await next(stepped);
  assert.ok(
    (ahead.correctedMs ?? 0) > 60_000 - NEAR_MS && ahead.level === 'warn',
    'drift of a minute is corrected at once',
  );
  await expectNear(now, 60_000);

  await writeFile(join(pki, 'clock-ms'), '59400');
  // Init slows down a clock that is less than a second ahead, instead of setting it back.
  const behind = await next(({ correction, correctedMs = 0 }) => correction === 'slewed' && correctedMs < -100);
  assert.equal(behind.level, 'info');

  await writeFile(join(pki, 'refuse'), '');
  // On a slow machine a reading may also be "unanswered", because this image waits only three seconds.
  const unchecked = await next(({ event, reason }) => event === 'clock_unchecked' && reason !== 'unanswered');
  assert.deepEqual([unchecked.level, unchecked.reason], ['error', 'answer'], 'a reading that fails is logged');
  await expectNear(now, 60_000);
  await rm(join(pki, 'refuse'));

  await rm(join(pki, 'clock-ms'));
  const back = await next(stepped);
  assert.ok((back.correctedMs ?? 0) < NEAR_MS - 60_000, 'init uses the next reading again');
  await expectNear(now, 0);
  say(`the clock: ${[first, ahead, behind, back].map((event) => String(event?.correctedMs)).join(', ')} ms corrected`);
}

const isReading = ({ event }: SmokeEvent) => event.startsWith('clock');

async function expectNear(now: () => Promise<number>, offsetMs: number): Promise<void> {
  const before = Date.now();
  const inside = (await now()) - offsetMs;
  assert.ok(
    inside > before - NEAR_MS && inside < Date.now() + NEAR_MS,
    `the clock inside is ${String(inside - before)} ms from where it should be`,
  );
}
