import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolder extends AsyncDisposable {
  /** The absolute path. The folder has mode 0700. */
  readonly path: string;
  /** Returns the path of a file or folder in it. */
  file(...parts: string[]): string;
  remove(): Promise<void>;
}

/** Makes a new folder in the system's temporary folder. */
export async function temporaryFolder(prefix = 'communique-'): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 5 });
  return { path, file: (...parts) => join(path, ...parts), remove, [Symbol.asyncDispose]: remove };
}
