import { type FileHandle, open } from 'node:fs/promises';
import { EifError } from '../errors';
import { chunkBytes } from '../format/sections';

/** A regular file that is read at offsets, a chunk at a time. */
export class InputFile {
  private constructor(
    readonly path: string,
    readonly sizeBytes: number,
    private readonly handle: FileHandle,
  ) {}

  /** @throws EifError ERR_EIF_FILE */
  static async open(path: string): Promise<InputFile> {
    let handle: FileHandle;
    try {
      handle = await open(path, 'r');
    } catch (cause) {
      throw new EifError('ERR_EIF_FILE', cause instanceof Error ? cause.message : path, cause);
    }
    const stat = await handle.stat();
    if (stat.isFile()) return new InputFile(path, stat.size, handle);
    await handle.close();
    throw new EifError('ERR_EIF_FILE', `${path} is not a regular file`);
  }

  /** @throws EifError ERR_EIF_SOURCE_CHANGED if the file is shorter than it was when it was opened */
  async read(offset: number, sizeBytes: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(sizeBytes);
    await this.fill(bytes, offset);
    return bytes;
  }

  /** Yields chunks of at most 1 MiB. All use the same buffer, so each is valid until the next one is requested. */
  async *chunks(offset: number, sizeBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
    const buffer = new Uint8Array(Math.min(chunkBytes, sizeBytes));
    for (let done = 0; done < sizeBytes;) {
      const chunk = buffer.subarray(0, Math.min(buffer.length, sizeBytes - done));
      await this.fill(chunk, offset + done);
      done += chunk.length;
      yield chunk;
    }
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  private async fill(bytes: Uint8Array, offset: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesRead } = await this.handle.read(bytes, done, bytes.length - done, offset + done);
      if (bytesRead === 0) throw new EifError('ERR_EIF_SOURCE_CHANGED', this.path);
      done += bytesRead;
    }
  }
}
