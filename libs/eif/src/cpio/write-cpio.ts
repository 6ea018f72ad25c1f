import { createHash } from 'node:crypto';
import { OutputFile } from '../io/output-file';
import { cpioChunks } from './cpio-chunks';
import type { CpioInput } from './entry';
import { gzipChunks } from './gzip-chunks';

export interface WriteCpioOptions {
  /** Default: none. The kernel needs CONFIG_RD_GZIP for it, and boots slower and with more memory. */
  readonly compression?: 'none' | 'gzip';
}

export interface WrittenCpio {
  /** Of the file. */
  readonly sizeBytes: number;
  readonly uncompressedBytes: number;
  /** Of the file, hexadecimal. */
  readonly sha256: string;
}

/**
 * Writes a ramdisk: a newc archive of these entries, the same bytes for the same entries in whatever order, on every machine,
 * compressed or not. The file is there whole or not at all; contents are read a chunk at a time.
 *
 * @param path is replaced where it exists
 * @throws EifError ERR_CPIO_NAME, _ENTRY, _PARENT (every folder has to be an entry), _DUPLICATE, ERR_EIF_FILE, ERR_EIF_SOURCE_CHANGED
 * @example
 * await writeCpio([{ kind: 'directory', name: 'dev', mode: 0o755 }, { kind: 'characterDevice', name: 'dev/console', mode: 0o600, major: 5, minor: 1 },
 *   { kind: 'file', name: 'init', mode: 0o755, content: { path: 'build/init' } }], 'init.cpio');
 */
export async function writeCpio(entries: Iterable<CpioInput>, path: string, { compression = 'none' }: WriteCpioOptions = {}): Promise<WrittenCpio> {
  return OutputFile.write(path, async (file) => {
    const hash = createHash('sha256');
    let uncompressedBytes = 0;
    const counted = (async function* () {
      for await (const chunk of cpioChunks(entries)) {
        uncompressedBytes += chunk.length;
        yield chunk;
      }
    })();
    for await (const chunk of compression === 'gzip' ? gzipChunks(counted) : counted) {
      hash.update(chunk);
      await file.append(chunk);
    }
    return { sizeBytes: file.sizeBytes, uncompressedBytes, sha256: hash.digest('hex') };
  });
}
