import { existsSync, mkdirSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from './command-line';
import { isSystemError } from './system-error';

/**
 * Makes a folder and those above it, like `mkdir -p`. Node's own `recursive` never returns if the kernel reports ENOENT although the parent
 * exists, as below /proc.
 * @param mode of every folder that it makes
 * @throws the error of the operating system
 */
export function makeFolder(path: string, mode = 0o777): void {
  const parent = dirname(path);
  if (!existsSync(parent)) makeFolder(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

/**
 * Creates the folder that an option names if it does not exist, and tests it by a write, because access(2) allows root
 * everything.
 * @param option as a person types it, e.g. `--folder`
 * @returns its absolute path
 * @throws UsageError if it cannot be created or written into
 */
export function writableFolder(option: string, named: string, mode?: number): string {
  const path = resolve(named);
  try {
    makeFolder(path, mode);
    rmdirSync(mkdtempSync(join(path, '.writable-')));
    return path;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UsageError(`${option}: cannot make or write the folder ${path} (${error.message})`);
  }
}
