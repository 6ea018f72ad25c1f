import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Availability } from './describe-with';

/** Returns for describeWith whether a command is on PATH, or in a folder that only root has on PATH. */
export function commandAvailability(command: string, debianPackage: string): Availability {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const found = folders.some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return found ? { available: true } : { available: false, reason: `no ${command}: apt-get install ${debianPackage}` };
}
