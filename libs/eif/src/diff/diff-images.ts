import { EifError } from '../errors';
import { sectionHeaderBytes, crcOffset, headerBytes } from '../format/header';
import { describeOpenImage, type DescribedImage } from '../image/read-image';
import type { Section } from '../format/sections';
import { InputFile } from '../io/input-file';
import { diffEntries, type EntryDifference } from './diff-entries';

export interface SectionDifference {
  /** The section: "kernel", "ramdisk 1" (the first ramdisk), and so on. */
  readonly section: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly sizeBytesA: number | undefined;
  readonly sizeBytesB: number | undefined;
  /** The offset of the first difference in the data; undefined unless "changed". */
  readonly offset: number | undefined;
  /** For a ramdisk: the name of the entry in which the data begin to differ. */
  readonly entry: string | undefined;
  /** For a ramdisk that is an archive: the entries that differ. Empty if the archives differ but their entries do not. */
  readonly entries: readonly EntryDifference[] | undefined;
  /** Why the entries of a ramdisk could not be compared. */
  readonly unreadable: string | undefined;
}

export interface ImageDifference {
  /** The first byte that differs, and its place in the first image; undefined if the files are equal. */
  readonly firstByte: { readonly offset: number; readonly where: string } | undefined;
  /** The sections that differ, in the order of the first image. */
  readonly sections: readonly SectionDifference[];
  readonly a: DescribedImage;
  readonly b: DescribedImage;
}

/**
 * Compares two images byte by byte, then section by section, and then the entries of their ramdisks. Sections are paired by type, and
 * ramdisks also by number. The position of a section does not matter.
 *
 * @throws EifError as `describeImage` does, for either image
 */
export async function diffImages(pathA: string, pathB: string): Promise<ImageDifference> {
  const fileA = await InputFile.open(pathA);
  try {
    const fileB = await InputFile.open(pathB);
    try {
      return await diffOpenImages(fileA, fileB);
    } finally {
      await fileB.close();
    }
  } finally {
    await fileA.close();
  }
}

async function diffOpenImages(fileA: InputFile, fileB: InputFile): Promise<ImageDifference> {
  const [a, b] = [await describeOpenImage(fileA), await describeOpenImage(fileB)];
  const [namedA, namedB] = [named(a.sections), named(b.sections)];
  const offset = await firstDifference(
    { file: fileA, offset: 0, sizeBytes: fileA.sizeBytes },
    { file: fileB, offset: 0, sizeBytes: fileB.sizeBytes },
  );
  const sections: SectionDifference[] = [];
  if (offset === undefined) return { firstByte: undefined, sections, a, b };
  for (const [section, one] of namedA) {
    const other = namedB.get(section);
    if (other === undefined)
      sections.push({ section, change: 'removed', sizeBytesA: one.sizeBytes, sizeBytesB: undefined, ...nothingMore });
    else {
      const difference = await diffSections(section, { file: fileA, section: one }, { file: fileB, section: other });
      if (difference !== undefined) sections.push(difference);
    }
  }
  for (const [section, other] of namedB)
    if (!namedA.has(section))
      sections.push({ section, change: 'added', sizeBytesA: undefined, sizeBytesB: other.sizeBytes, ...nothingMore });
  return { firstByte: { offset, where: placeOf(offset, namedA, sections) }, sections, a, b };
}

const nothingMore = { offset: undefined, entry: undefined, entries: undefined, unreadable: undefined };

interface Side {
  readonly file: InputFile;
  readonly section: Section;
}

async function diffSections(name: string, a: Side, b: Side): Promise<SectionDifference | undefined> {
  const range = ({ file, section }: Side) => ({ file, offset: section.dataOffset, sizeBytes: section.sizeBytes });
  const offset = await firstDifference(range(a), range(b));
  if (offset === undefined) return undefined;
  const difference = {
    ...nothingMore,
    section: name,
    change: 'changed' as const,
    sizeBytesA: a.section.sizeBytes,
    sizeBytesB: b.section.sizeBytes,
    offset,
  };
  if (a.section.type !== 'ramdisk') return difference;
  try {
    const { entries, entryAt, firstEntry } = await diffEntries(a, b);
    return { ...difference, entries, entry: (await isCompressed(a)) ? firstEntry : (entryAt(offset) ?? firstEntry) };
  } catch (error) {
    if (!(error instanceof EifError)) throw error;
    return { ...difference, unreadable: error.message };
  }
}

async function isCompressed({ file, section }: Side): Promise<boolean> {
  return (await file.read(section.dataOffset, 1))[0] === 0x1f;
}

function named(sections: readonly Section[]): Map<string, Section> {
  let ramdisks = 0;
  return new Map(
    sections.map((section) => [section.type === 'ramdisk' ? `ramdisk ${++ramdisks}` : section.type, section]),
  );
}

function placeOf(
  offset: number,
  sections: ReadonlyMap<string, Section>,
  differences: readonly SectionDifference[],
): string {
  const field = headerField(offset);
  if (field !== undefined) return `header, ${field}`;
  for (const [name, { dataOffset, sizeBytes }] of sections) {
    if (offset >= dataOffset + sizeBytes) continue;
    if (offset < dataOffset - sectionHeaderBytes) return `a gap before ${name}`;
    if (offset < dataOffset) return `${name}, byte ${offset - dataOffset + sectionHeaderBytes} of its header`;
    const entry = differences.find(({ section }) => section === name)?.entry;
    return `${name}, byte ${offset - dataOffset}${entry === undefined ? '' : `, in ${entry}`}`;
  }
  return 'the end of the first file';
}

const fields = [
  [0, 'magic'],
  [4, 'version'],
  [6, 'flags'],
  [8, 'default memory'],
  [16, 'default CPUs'],
  [24, 'reserved'],
  [26, 'number of sections'],
  [28, 'table of offsets'],
  [284, 'table of sizes'],
  [540, 'unused'],
  [crcOffset, 'checksum'],
] as const;

/** Returns the name of the header field that contains this byte; undefined for a byte after the header. */
export function headerField(offset: number): string | undefined {
  return offset < headerBytes ? fields.findLast(([start]) => start <= offset)?.[1] : undefined;
}

export interface Range {
  readonly file: InputFile;
  readonly offset: number;
  readonly sizeBytes: number;
}

/**
 * @returns the offset of the first difference, relative to the start of each range; the shorter range's length if the longer range begins
 * with it; undefined if they are equal
 */
export async function firstDifference(a: Range, b: Range): Promise<number | undefined> {
  const common = Math.min(a.sizeBytes, b.sizeBytes);
  const [left, right] = [a.file.chunks(a.offset, common), b.file.chunks(b.offset, common)];
  for (let done = 0; done < common;) {
    const [one, other] = [await left.next(), await right.next()];
    if (one.done === true || other.done === true) break;
    if (Buffer.compare(one.value, other.value) !== 0) {
      let at = 0;
      while (one.value[at] === other.value[at]) at++;
      return done + at;
    }
    done += one.value.length;
  }
  return a.sizeBytes === b.sizeBytes ? undefined : common;
}
