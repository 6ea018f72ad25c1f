import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Availability } from '@communique-tee/testing/harness';
import { ChromiumUnavailableError } from './chromium-error';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Returns the path of Chromium: `CHROMIUM_PATH`, otherwise the one on PATH, otherwise Debian's. Returns undefined if there is none. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const given = env['CHROMIUM_PATH'];
  if (given !== undefined && given !== '') return isExecutable(given) ? given : undefined;
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), '/usr/bin'];
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
}

/** Returns, for describeWith, whether browser tests can run here. */
export function chromiumAvailability(env: NodeJS.ProcessEnv = process.env): Availability {
  return findChromium(env) === undefined
    ? { available: false, reason: new ChromiumUnavailableError().message }
    : { available: true };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
