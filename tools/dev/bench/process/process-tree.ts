import { readFileSync } from 'node:fs';

/** USER_HZ of Linux, the same on all machines that Node runs on. */
const TICKS_PER_SECOND = 100;
const MS_PER_TICK = 1000 / TICKS_PER_SECOND;

/** What a process uses; with its running children if `usageOf` counts them. */
export interface Usage {
  /** CPU time so far, also of children that have ended. */
  readonly cpuMs: number;
  /** Its own memory and its part of shared memory. */
  readonly mib: number;
}

/** @returns undefined if the process has ended, or the machine has no /proc */
export function usageOf(pid: number, children: 'with children' | 'alone' = 'alone'): Usage | undefined {
  try {
    const own = { cpuMs: cpuMs(pid), mib: proportionalMiB(pid) };
    if (children === 'alone') return own;
    const list = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').trim();
    const each = list === '' ? [] : list.split(' ').flatMap((child) => usageOf(Number(child)) ?? []);
    return each.reduce((sum, child) => ({ cpuMs: sum.cpuMs + child.cpuMs, mib: sum.mib + child.mib }), own);
  } catch {
    return undefined;
  }
}

/**
 * Adds utime, stime, cutime and cstime of /proc/<pid>/stat. The program's name, which precedes them, may contain spaces and parentheses.
 */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * MS_PER_TICK;
}

function proportionalMiB(pid: number): number {
  const text = readFileSync(`/proc/${String(pid)}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+([0-9]+) kB$/m.exec(text)?.[1] ?? 0) / 1024;
}
