import { readFileSync } from 'node:fs';

import { propertyOf } from './errors';

/** Whether a process with this id runs. A zombie counts as not running. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return propertyOf(error, 'code') === 'EPERM';
  }
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
  } catch {
    return process.platform !== 'linux';
  }
}
