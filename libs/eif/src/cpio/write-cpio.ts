import { createHash } from 'node:crypto';
import { OutputFile } from '../io/output-file';
import { cpioChunks } from './cpio-chunks';
import type { CpioInput } from './entry';

export interface WrittenCpio {
  readonly sizeBytes: number;
  /** Of the file, hexadecimal. */
  readonly sha256: string;
}

/**
 * Writes a ramdisk: a newc archive of these entries, the same bytes for the same entries in whatever order, on every machine.
 * The file is there whole or not at all; contents are read a chunk at a time.
 *
 * @param path is replaced where it exists
 * @throws EifError ERR_CPIO_NAME, _ENTRY, _PARENT (every folder has to be an entry), _DUPLICATE, ERR_EIF_FILE, ERR_EIF_SOURCE_CHANGED
 * @example
 * await writeCpio([{ kind: 'directory', name: 'dev', mode: 0o755 }, { kind: 'characterDevice', name: 'dev/console', mode: 0o600, major: 5, minor: 1 },
 *   { kind: 'file', name: 'init', mode: 0o755, content: { path: 'build/init' } }], 'init.cpio');
 */
export async function writeCpio(entries: Iterable<CpioInput>, path: string): Promise<WrittenCpio> {
  return OutputFile.write(path, async (file) => {
    const hash = createHash('sha256');
    for await (const chunk of cpioChunks(entries)) {
      hash.update(chunk);
      await file.append(chunk);
    }
    return { sizeBytes: file.sizeBytes, sha256: hash.digest('hex') };
  });
}
