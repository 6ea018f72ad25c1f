import { createHash } from 'node:crypto';
import { renderParentFiles, type ParentFile } from './render-parent-files';
import type { ParentSettings } from './settings';

const BLOCK = 512;

export interface ParentArchive {
  /** The object's key in the store's bucket. */
  readonly key: string;
  /** SHA-256, 64 hexadecimal digits. */
  readonly sha256: string;
  /** An uncompressed tar. The same settings give the same bytes on every machine. */
  readonly bytes: Uint8Array;
}

/** Returns the archive of the rendered files. An instance fetches it when it starts, by its hash. @throws ParentSettingsError */
export function renderParentArchive(settings: ParentSettings): ParentArchive {
  const bytes = tar(renderParentFiles(settings));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { key: `parent/${sha256}.tar`, sha256, bytes };
}

/** Returns a tar (ustar, POSIX.1-1988) of regular files that belong to root and have the time 0. */
function tar(files: Readonly<Record<string, ParentFile>>): Uint8Array {
  const parts: Buffer[] = [];
  for (const [path, { content, mode }] of Object.entries(files)) {
    const data = Buffer.from(content);
    parts.push(header(path.slice(1), mode, data.length), data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK));
  }
  return new Uint8Array(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]));
}

function header(name: string, mode: number, sizeBytes: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long for this form of tar`);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'ascii');
  block.write(name, 0, 'utf8');
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(sizeBytes, 124, 12);
  octal(0, 136, 12);
  block.fill(' ', 148, 156);
  block.write('0', 156, 'ascii');
  block.write('ustar\x0000', 257, 'latin1');
  block.write('root', 265, 'ascii');
  block.write('root', 297, 'ascii');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return block;
}
