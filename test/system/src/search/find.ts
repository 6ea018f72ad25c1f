import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { encodingsOf, encodingsOfBytes } from './encodings';

export interface Find {
  field: string;
  encoding: string;
  where: string;
}

/** The bytes of something that a run left behind, with its name. */
export interface Remains {
  where: string;
  bytes: Buffer;
}

/** Searches for every field (a text or secret bytes) in every encoding. Returns the names of fields and places, never a value. */
export function find(fields: Readonly<Record<string, string | Uint8Array>>, remains: readonly Remains[]): Find[] {
  const finds: Find[] = [];
  const needles = Object.entries(fields).flatMap(([field, value]) =>
    (typeof value === 'string' ? encodingsOf(value) : encodingsOfBytes(value)).map(({ encoding, needle }) => ({
      field,
      encoding,
      needle,
    })),
  );
  for (const { where, bytes } of remains) {
    const haystack = comparable(bytes);
    for (const { field, encoding, needle } of needles) {
      if (
        haystack.includes(
          comparable(Buffer.from(needle, /^(UTF-16(, big-endian)?|raw.*)$/.test(encoding) ? 'latin1' : 'utf8')),
        )
      )
        finds.push({ field, encoding, where });
    }
  }
  return finds;
}

/** Returns the bytes as lower-case text for the comparison. Latin-1 maps each byte to one character. */
function comparable(bytes: Buffer): string {
  return bytes.toString('latin1').toLowerCase();
}

export function filesBelow(folder: string): Remains[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => readIfFile(join(folder, name)));
}

/** Reads a file, or returns nothing if it was removed meanwhile by a running server. */
function readIfFile(path: string): Remains[] {
  try {
    return statSync(path).isFile() ? [{ where: path, bytes: readFileSync(path) }] : [];
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
