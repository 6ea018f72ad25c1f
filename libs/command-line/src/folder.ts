import { existsSync, mkdirSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from './command-line';
import { isSystemError } from './system-error';

/**
 * Makes a folder and its missing parents, like `mkdir -p`. Below /proc the kernel reports ENOENT although the parent exists, and then
 * Node's own `recursive` never returns.
 * @param mode the mode of each new folder
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
 * Makes the folder that an option names, if it does not exist, and writes into it as a test. access(2) is not enough, because it
 * always reports success to root.
 * @param option as a person types it, e.g. `--folder`
 * @returns its absolute path
 * @throws UsageError if the folder cannot be created or written
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
