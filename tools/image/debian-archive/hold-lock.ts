// Allows one build at a time in a folder. The lock file contains the pid of the process that builds. After that process has ended, another
// process takes the lock over.
import { linkSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';

import { say } from './say';
import { SetupError } from './setup-error';

const POLL_MS = 500;
const PATIENCE_MS = 3_600_000;

/** @throws SetupError busy, after an hour */
export async function holdLock<T>(file: string, use: () => Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  let told = false;
  while (!take(file)) {
    if (performance.now() - startedAtMs > PATIENCE_MS) throw new SetupError('busy', `${file} is held by another build`);
    if (!told) say(`waiting for another build (${file})`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  try {
    return await use();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, file);
    return true;
  } catch {
    if (holderIsGone(file)) removeStale(file);
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Removes a stale lock. Only one process at a time does that, and checks again that the lock is stale. Otherwise it could remove a lock that
 * another process has just taken.
 */
function removeStale(file: string): void {
  const taking = `${file}.taking`;
  try {
    mkdirSync(taking);
  } catch {
    return;
  }
  if (holderIsGone(file)) rmSync(file, { force: true });
  rmdirSync(taking);
}

function holderIsGone(file: string): boolean {
  let pid: number;
  try {
    pid = Number(readFileSync(file, 'utf8'));
  } catch {
    return false; // just released, so the next try takes it
  }
  if (!Number.isInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
