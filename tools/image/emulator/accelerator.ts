// Finds out whether KVM works. /dev/kvm may exist without working, for example in a container.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';

import type { Emulator } from './ensure';

export type Accelerator = 'kvm' | 'tcg';

/** If KVM refuses, QEMU ends at once. If QEMU still runs after this time, KVM works. */
const PROBE_MS = 700;

export function workingAccelerator({ qemu }: Emulator): Accelerator {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return 'tcg';
  }
  const [command = '', ...args] = qemu;
  const probe = spawnSync(
    command,
    [...args, '-M', 'none', '-accel', 'kvm', '-cpu', 'host', '-display', 'none', '-serial', 'none', '-monitor', 'none'],
    { timeout: PROBE_MS, stdio: 'ignore' },
  );
  return (probe.error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT' ? 'kvm' : 'tcg';
}

export const acceleratorOptions = (accelerator: Accelerator, emulatedCpu = 'max'): string[] =>
  accelerator === 'kvm' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=multi', '-cpu', emulatedCpu];
