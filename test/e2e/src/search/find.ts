import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { encodingsOf } from './encodings';

export interface Find {
  field: string;
  encoding: string;
  where: string;
}

/** Something that a run left behind: named, as bytes. */
export interface Remains {
  where: string;
  bytes: Buffer;
}

/** Looks for every field in every encoding; the fields' names and where they stand are told, their values are not. */
export function find(fields: Readonly<Record<string, string>>, remains: readonly Remains[]): Find[] {
  const finds: Find[] = [];
  const needles = Object.entries(fields).flatMap(([field, text]) => encodingsOf(text).map(({ encoding, needle }) => ({ field, encoding, needle: needle.toLowerCase() })));
  for (const { where, bytes } of remains) {
    // Latin-1 keeps bytes and characters one to one; what is not ASCII is compared as its UTF-8 bytes
    const haystack = bytes.toString('latin1').toLowerCase();
    for (const { field, encoding, needle } of needles) {
      const bytewise = encoding === 'UTF-16' ? needle : Buffer.from(needle, 'utf8').toString('latin1');
      if (haystack.includes(bytewise)) finds.push({ field, encoding, where });
    }
  }
  return finds;
}

export function filesBelow(folder: string): Remains[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({ where: path, bytes: readFileSync(path) }));
}
