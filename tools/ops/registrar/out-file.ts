import { isSystemError, type Streams } from '@communique-tee/command-line';
import { closeSync, fchmodSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { RegistrarError } from './registrar-error';

const OWNER_ALONE = 0o600;

/**
 * Runs a command whose output says where people live, and puts that output into a new file that only its owner can read.
 * It makes the file before `work` runs, so that nothing changes if the name is taken. It removes the file if `work` throws.
 * @param path undefined: the command writes to standard output
 * @throws RegistrarError `ERR_REGISTRAR_STATE` if the file exists or cannot be written
 */
export async function intoFile(
  path: string | undefined,
  streams: Streams,
  work: (streams: Streams) => Promise<number> | number,
): Promise<number> {
  if (path === undefined) return work(streams);
  const file = made(path);
  try {
    // Set the mode again, because the umask may have removed a right when the file was opened.
    fchmodSync(file, OWNER_ALONE);
    let text = '';
    const code = await work({ ...streams, out: (more) => void (text += more) });
    written(path, file, text);
    streams.err(`Wrote ${path}, which only its owner can read. It says where people live.\n`);
    return code;
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function made(path: string): number {
  try {
    return openSync(path, 'wx', OWNER_ALONE);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const why = error.code === 'EEXIST' ? 'exists already, and is not overwritten' : `cannot be made (${error.code})`;
    throw new RegistrarError('ERR_REGISTRAR_STATE', `--out: ${path} ${why}. Nothing was done.`);
  }
}

function written(path: string, file: number, text: string): void {
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new RegistrarError(
      'ERR_REGISTRAR_STATE',
      `--out: ${path} cannot be written (${error.code}). A change of the register is saved: give the same command again, with another file.`,
    );
  }
}
