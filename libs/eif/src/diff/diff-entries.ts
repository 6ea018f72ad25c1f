import { readOpenRamdisk } from '../cpio/read-ramdisk';
import type { CpioEntry } from '../cpio/read-cpio';
import type { Section } from '../format/sections';
import type { InputFile } from '../io/input-file';

export interface EntryDifference {
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly a: CpioEntry | undefined;
  readonly b: CpioEntry | undefined;
  /** The properties of the entry that differ. Empty unless "changed". */
  readonly properties: readonly (keyof CpioEntry)[];
}

export interface EntriesDifference {
  /** Sorted by name. Empty if the archives differ only in order, inode numbers, padding or compression. */
  readonly entries: readonly EntryDifference[];
  /** Returns the name of the entry of `a` that contains this byte of the uncompressed archive. */
  entryAt(offset: number): string | undefined;
  /** The name of the first entry that differs, in the archives' own order. */
  readonly firstEntry: string | undefined;
}

const compared = [
  'kind',
  'mode',
  'uid',
  'gid',
  'time',
  'links',
  'sizeBytes',
  'major',
  'minor',
  'target',
  'sha256',
] as const satisfies (keyof CpioEntry)[];

/** @throws EifError ERR_CPIO_* if `a` or `b` is not an archive that readRamdisk accepts */
export async function diffEntries(
  a: { file: InputFile; section: Section },
  b: { file: InputFile; section: Section },
): Promise<EntriesDifference> {
  const [left, right] = [await list(a.file, a.section), await list(b.file, b.section)];
  const before = new Map(left.map((entry) => [entry.name, entry]));
  const after = new Map(right.map((entry) => [entry.name, entry]));
  const entries: EntryDifference[] = [];
  for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [one, other] = [before.get(name), after.get(name)];
    if (one === undefined || other === undefined) {
      entries.push({ name, change: one === undefined ? 'added' : 'removed', a: one, b: other, properties: [] });
      continue;
    }
    const properties = compared.filter((property) => one[property] !== other[property]);
    if (properties.length > 0) entries.push({ name, change: 'changed', a: one, b: other, properties });
  }
  const differing = new Set(entries.map(({ name }) => name));
  const first =
    left.find((entry, i) => entry.name !== right[i]?.name || differing.has(entry.name)) ?? right[left.length];
  return {
    entries,
    firstEntry: first?.name,
    entryAt: (offset) => left.find((entry) => offset < entry.endOffset)?.name,
  };
}

async function list(file: InputFile, section: Section): Promise<CpioEntry[]> {
  const entries: CpioEntry[] = [];
  for await (const entry of readOpenRamdisk(file, section)) entries.push(entry);
  return entries;
}
