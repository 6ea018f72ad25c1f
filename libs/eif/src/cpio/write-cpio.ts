import { createHash } from 'node:crypto';
import { EifError } from '../errors';
import { bytesSource, type OpenSource, openSource } from '../io/byte-source';
import { OutputFile } from '../io/output-file';
import { type CpioInput, fileTypes, sortEntries, trailerName } from './entry';

export interface WrittenCpio {
  readonly sizeBytes: number;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
}

/**
 * Writes a ramdisk: a newc archive of these entries. The same entries in any order give the same bytes on every
 * machine. The file is written completely or not at all.
 *
 * @param path is replaced if it exists
 * @throws EifError ERR_CPIO_NAME, _ENTRY, _PARENT (every folder has to be an entry), _DUPLICATE, ERR_EIF_FILE,
 * ERR_EIF_SOURCE_CHANGED
 * @example
 * const dev = { kind: 'directory', name: 'dev', mode: 0o755 };
 * const init = { kind: 'file', name: 'init', mode: 0o755, content: { path: 'build/init' } };
 * await writeCpio([dev, init], 'init.cpio');
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

/** The size of an archive is a multiple of this, as with cpio(1). */
const blockBytes = 512;

/**
 * Yields a newc archive (kernel documentation, driver-api/early-userspace/buffer-format): sorted by the bytes of the names, owner root,
 * time 0, inodes numbered from 1, padded to 512 bytes. A chunk has at most 1 MiB, and its bytes are valid until the next chunk is requested.
 *
 * @throws EifError ERR_CPIO_NAME, _ENTRY, _PARENT, _DUPLICATE, ERR_EIF_FILE, ERR_EIF_SOURCE_CHANGED
 */
export async function* cpioChunks(entries: Iterable<CpioInput>): AsyncGenerator<Uint8Array, void, undefined> {
  let written = 0;
  let inode = 0;
  for (const entry of sortEntries(entries)) {
    const source = await contentOf(entry);
    try {
      if (source.sizeBytes > 0xffffffff)
        throw new EifError('ERR_CPIO_ENTRY', `${entry.name}: ${source.sizeBytes} bytes`);
      const head = header(
        entry.name,
        ++inode,
        modeOf(entry),
        source.sizeBytes,
        entry.kind === 'characterDevice' ? entry : noDevice,
      );
      written += head.length;
      yield head;
      let done = 0;
      for await (const chunk of source.chunks()) {
        done += chunk.length;
        if (chunk.length > 0) yield chunk;
      }
      if (done !== source.sizeBytes) throw new EifError('ERR_EIF_SOURCE_CHANGED', entry.name);
      const padding = new Uint8Array(-done & 3);
      written += done + padding.length;
      if (padding.length > 0) yield padding;
    } finally {
      await source.close();
    }
  }
  const trailer = header(trailerName, 0, 0, 0, noDevice);
  written += trailer.length;
  yield trailer;
  const padding = new Uint8Array(-written & (blockBytes - 1));
  if (padding.length > 0) yield padding;
}

const noDevice = { major: 0, minor: 0 };

function modeOf(entry: CpioInput): number {
  return entry.kind === 'symlink' ? fileTypes.symlink | 0o777 : fileTypes[entry.kind] | entry.mode;
}

async function contentOf(entry: CpioInput): Promise<OpenSource> {
  if (entry.kind === 'file') return openSource(entry.content);
  return bytesSource(entry.kind === 'symlink' ? new TextEncoder().encode(entry.target) : new Uint8Array());
}

/** Returns an entry's header: magic, thirteen numbers of eight hexadecimal digits, and the name with a NUL, padded to 4 bytes. */
function header(
  name: string,
  inode: number,
  mode: number,
  sizeBytes: number,
  device: { major: number; minor: number },
): Uint8Array {
  const nameBytes = Buffer.from(`${name}\0`);
  const fields = {
    inode,
    mode,
    uid: 0,
    gid: 0,
    links: 1,
    time: 0,
    sizeBytes,
    devMajor: 0,
    devMinor: 0,
    major: device.major,
    minor: device.minor,
    name: nameBytes.length,
    check: 0,
  };
  const text = `070701${Object.values(fields)
    .map((value) => value.toString(16).padStart(8, '0'))
    .join('')}`;
  const bytes = new Uint8Array((text.length + nameBytes.length + 3) & ~3);
  bytes.set(Buffer.from(text, 'latin1'));
  bytes.set(nameBytes, text.length);
  return bytes;
}
