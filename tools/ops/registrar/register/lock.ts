import koffi from 'koffi';
import { closeSync, openSync } from 'node:fs';
import { RegistrarError } from '../registrar-error';

const LOCK_EX = 2;
const LOCK_NB = 4;

let flock: ((file: number, operation: number) => number) | undefined;

/**
 * Locks a file for this process with flock(2). The kernel frees the lock when the process ends, however it ends. The file stays.
 * @throws RegistrarError `ERR_REGISTRAR_LOCKED` while another process has locked it
 */
export function takeLock(path: string): Disposable {
  // null means this process, which has the C library loaded.
  flock ??= koffi.load(null).func('int flock(int, int)') as (file: number, operation: number) => number;
  const file = openSync(path, 'a', 0o600);
  if (flock(file, LOCK_EX | LOCK_NB) !== 0) {
    closeSync(file);
    throw new RegistrarError('ERR_REGISTRAR_LOCKED', `another process works with this register: it holds ${path}`);
  }
  return {
    [Symbol.dispose]: () => {
      closeSync(file);
    },
  };
}
