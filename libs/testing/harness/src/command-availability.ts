import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Availability } from './describe-with';

/** For describeWith. Also searches /usr/sbin and /sbin, which often only root has on PATH. */
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
