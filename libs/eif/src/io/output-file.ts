import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { EifError } from '../errors';

/** Writes a file under another name in the same folder, and then renames it, so that no reader sees an incomplete file. */
export class OutputFile {
  #position = 0;

  private constructor(
    private readonly path: string,
    private readonly partial: string,
    private readonly handle: FileHandle,
  ) {}

  /**
   * Creates the file with what `body` writes. Leaves no file if `body` throws.
   *
   * @throws EifError ERR_EIF_FILE, and what `body` throws
   */
  static async write<T>(path: string, body: (file: OutputFile) => Promise<T>): Promise<T> {
    const partial = `${path}.partial-${randomBytes(6).toString('hex')}`;
    const handle = await system(() => open(partial, 'wx'));
    const file = new OutputFile(path, partial, handle);
    try {
      const result = await body(file);
      await file.finish();
      return result;
    } catch (error) {
      await handle.close().catch(() => undefined);
      await rm(partial, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  get sizeBytes(): number {
    return this.#position;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.writeAt(bytes, this.#position);
    this.#position += bytes.length;
  }

  async patch(bytes: Uint8Array, offset: number): Promise<void> {
    await this.writeAt(bytes, offset);
  }

  private async writeAt(bytes: Uint8Array, offset: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await system(() => this.handle.write(bytes, done, bytes.length - done, offset + done));
      done += bytesWritten;
    }
  }

  private async finish(): Promise<void> {
    await system(() => this.handle.close());
    await system(() => rename(this.partial, this.path));
  }
}

async function system<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new EifError('ERR_EIF_FILE', cause instanceof Error ? cause.message : undefined, cause);
  }
}
