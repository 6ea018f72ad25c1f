// Tries what an app might try after an intruder has taken it over, and records the result of each attempt.
import { accessSync, constants, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import * as koffi from 'koffi';

/** Size of struct timespec and struct timeval, which have two words of eight bytes. */
const WORDS = 16;
/** More than the size of struct timex. Its first word, `modes`, is ADJ_OFFSET_SINGLESHOT. */
const TIMEX = 512;
const ADJ_OFFSET_SINGLESHOT = 0x8001;

export function attempts(): Record<string, string> {
  return {
    writeRoot: outcome(() => writeFileSync('/x', 'x')),
    writeApp: outcome(() => writeFileSync('/app/main.js', 'x')),
    writeRun: outcome(() => writeFileSync('/run/x', 'x')),
    readHwrng: outcome(() => openSync('/dev/hwrng', 'r')),
    readKernelLog: outcome(() => openSync('/dev/kmsg', 'r')),
    writeConsole: outcome(() => openSync('/dev/console', 'w')),
    writeSysctl: outcome(() => writeFileSync('/proc/sys/kernel/kptr_restrict', '0')),
    seeInit: outcome(() => readFileSync('/proc/1/environ')),
    setUid: outcome(() => process.setuid?.(0)),
    memory: outcome(() => accessSync('/dev/mem', constants.F_OK)),
    setClock: outcome(() => libc('int clock_settime(int clock, void *time)', 0, Buffer.alloc(WORDS))),
    setTimeOfDay: outcome(() => libc('int settimeofday(void *time, void *zone)', Buffer.alloc(WORDS), null)),
    slewClock: outcome(() => {
      const timex = Buffer.alloc(TIMEX);
      timex.writeUInt32LE(ADJ_OFFSET_SINGLESHOT);
      libc('int adjtimex(void *timex)', timex);
    }),
    runFromTmp: outcome(() => {
      writeFileSync('/tmp/program', '#!/usr/bin/node\n', { mode: 0o755 });
      const { error } = spawnSync('/tmp/program');
      if (error) throw error;
    }),
    shell: outcome(() => {
      const { error } = spawnSync('/bin/sh', ['-c', 'true']);
      if (error) throw error;
    }),
    programs: ['/bin', '/sbin', '/usr/bin', '/usr/sbin'].flatMap((folder) => list(folder)).join(' '),
  };
}

function libc(prototype: string, ...values: unknown[]): void {
  const call = koffi.load('libc.so.6').func(prototype) as (...given: unknown[]) => number;
  if (call(...values) < 0) throw Object.assign(new Error(prototype), { code: `errno ${koffi.errno()}` });
}

function outcome(act: () => unknown): string {
  try {
    act();
    return 'ALLOWED';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'failed';
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}
