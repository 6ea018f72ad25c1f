import { readFileSync, readdirSync } from 'node:fs';

/**
 * Returns how many MiB of its memory a virtual machine has touched so far. In QEMU's process, that is the resident part of the mapping of
 * `memoryMiB`. Measured from outside, so that the enclave runs the same programs as in production.
 * @param image the file that identifies QEMU's process. @returns undefined if /proc has no such process or mapping
 */
export function touchedMiB(image: string, memoryMiB: number): number | undefined {
  const pid = readdirSync('/proc').find(
    (name) => /^[0-9]+$/.test(name) && commandLine(name).includes(`-kernel\0${image}\0`),
  );
  if (pid === undefined) return undefined;
  try {
    return residentOf(readFileSync(`/proc/${pid}/smaps`, 'utf8'), memoryMiB);
  } catch {
    return undefined;
  }
}

/** @param smaps as in /proc/<pid>/smaps, see proc_pid_smaps(5) */
export function residentOf(smaps: string, memoryMiB: number): number | undefined {
  const mapping = new RegExp(`^Size: +${String(memoryMiB * 1024)} kB\\n(?:.*\\n)*?Rss: +([0-9]+) kB$`, 'm').exec(smaps);
  return mapping === null ? undefined : Number(mapping[1]) / 1024;
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // the process has ended
  }
}
