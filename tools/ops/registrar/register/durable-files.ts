import * as nodeFs from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The functions of node:fs that are used here. Tests replace them with functions that end the process between two calls. */
export type FileSystem = Pick<
  typeof nodeFs,
  | 'closeSync'
  | 'fsyncSync'
  | 'ftruncateSync'
  | 'linkSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'renameSync'
  | 'rmSync'
  | 'writeSync'
>;

/** A file's name has this suffix while the file is written. The next write removes what a killed process left. */
const UNFINISHED = '.unfinished';

/**
 * Writes files atomically: after a crash, a file has its old or its new content. It writes under another name, flushes, then renames.
 * Only `append` writes in place. New files and folders get exactly the requested mode, whatever the umask.
 */
export class DurableFiles {
  constructor(private readonly fs: FileSystem = nodeFs) {}

  /** @returns null if there is no such file @throws every other error of the operating system */
  read(path: string): Buffer | null {
    try {
      return this.fs.readFileSync(path);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** The names in a folder; empty if there is no such folder. */
  list(folder: string): string[] {
    try {
      return this.fs.readdirSync(folder);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  /** Replaces the file's whole content in one step. */
  replace(path: string, chunks: Iterable<Uint8Array>, mode: number): void {
    const unfinished = this.writeBeside(path, chunks, mode);
    this.rename(unfinished, path);
  }

  /** Makes a new file. @throws EEXIST if the file exists, which then stays unchanged */
  create(path: string, bytes: Uint8Array, mode: number): void {
    const unfinished = this.writeBeside(path, [bytes], mode);
    this.fs.linkSync(unfinished, path);
    this.fs.rmSync(unfinished);
    this.sync(dirname(path));
  }

  /** Truncates a file to `size` bytes, then appends `bytes`. Makes the file if there is none. */
  append(path: string, size: number, bytes: Uint8Array, mode: number): void {
    const { O_CREAT, O_WRONLY } = nodeFs.constants;
    const file = exactly(() => this.fs.openSync(path, O_CREAT | O_WRONLY, mode));
    try {
      this.fs.ftruncateSync(file, size);
      this.write(file, bytes, size);
      this.fs.fsyncSync(file);
    } finally {
      this.fs.closeSync(file);
    }
    this.sync(dirname(path));
  }

  /** Renames a file. The change is durable when this returns. */
  rename(from: string, to: string): void {
    this.fs.renameSync(from, to);
    this.sync(dirname(to));
  }

  makeFolder(path: string, mode: number): void {
    exactly(() => this.fs.mkdirSync(path, { recursive: true, mode }));
  }

  /** Removes a file, or a folder with everything in it. */
  remove(path: string): void {
    this.fs.rmSync(path, { recursive: true, force: true });
  }

  /** Flushes a folder (fsync), so that the names in it survive a crash. */
  sync(folder: string): void {
    const file = this.fs.openSync(folder, 'r');
    try {
      this.fs.fsyncSync(file);
    } finally {
      this.fs.closeSync(file);
    }
  }

  private writeBeside(path: string, chunks: Iterable<Uint8Array>, mode: number): string {
    const unfinished = join(dirname(path), `${basename(path)}${UNFINISHED}`);
    // Remove a leftover first: it may belong to another user and have wider rights.
    this.fs.rmSync(unfinished, { force: true });
    const file = exactly(() => this.fs.openSync(unfinished, 'wx', mode));
    try {
      let at = 0;
      for (const chunk of chunks) at = this.write(file, chunk, at);
      this.fs.fsyncSync(file);
    } finally {
      this.fs.closeSync(file);
    }
    return unfinished;
  }

  private write(file: number, bytes: Uint8Array, position: number): number {
    let written = 0;
    while (written < bytes.length)
      written += this.fs.writeSync(file, bytes, written, bytes.length - written, position + written);
    return position + written;
  }
}

/** Makes a file or a folder without the umask, because a later chmod could be missing after a crash. */
function exactly<T>(make: () => T): T {
  const umask = process.umask(0);
  try {
    return make();
  } finally {
    process.umask(umask);
  }
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
