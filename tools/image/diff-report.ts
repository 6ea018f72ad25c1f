import type { CpioEntry, EntryDifference, ImageDifference, Measurements } from '@communique-tee/eif';
import { octal } from './describe';
import { printable } from './output';

export function diffAsJson({ firstByte, sections, a, b }: ImageDifference): object {
  const entry = (given: CpioEntry | undefined) => {
    if (given === undefined) return null;
    const { kind, mode, uid, gid, sizeBytes, sha256, target } = given;
    return { kind, mode: octal(mode), uid, gid, sizeBytes, sha256, ...(target !== undefined && { target }) };
  };
  return {
    same: firstByte === undefined,
    // null if one of the images cannot be measured.
    sameMeasurements: sameMeasurements(a.measurements, b.measurements) ?? null,
    firstByte: firstByte ?? null,
    sections: sections.map(({ entries, ...section }) => ({
      ...section,
      ...(entries && {
        entries: entries.map((e) => ({
          name: e.name,
          change: e.change,
          properties: e.properties,
          a: entry(e.a),
          b: entry(e.b),
        })),
      }),
    })),
  };
}

export function diffAsText({ firstByte, sections, a, b }: ImageDifference): string {
  if (firstByte === undefined) return 'The images are the same.\n';
  const lines = [
    `The images differ from byte ${firstByte.offset} on (${printable(firstByte.where)}).`,
    MEASUREMENTS[String(sameMeasurements(a.measurements, b.measurements))] ?? '',
  ];
  for (const { section, change, sizeBytesA, sizeBytesB, offset, entry, entries, unreadable } of sections) {
    if (change !== 'changed') {
      lines.push('', `${section}: ${change}, ${sizeBytesA ?? sizeBytesB ?? 0} bytes`);
      continue;
    }
    const size =
      sizeBytesA === sizeBytesB ? `${sizeBytesA ?? 0} bytes` : `${sizeBytesA ?? 0} and ${sizeBytesB ?? 0} bytes`;
    lines.push(
      '',
      `${section}: ${size}, from byte ${offset ?? 0} on${entry === undefined ? '' : `, in ${printable(entry)}`}`,
    );
    if (unreadable !== undefined) lines.push(`  its files cannot be compared: ${printable(unreadable)}`);
    if (entries?.length === 0) lines.push('  the files are the same: the archives differ only in form');
    for (const difference of entries ?? []) lines.push(...entryLines(difference));
  }
  if (sections.length === 0)
    lines.push('All sections are the same: only the header, the order of the sections or a gap differs.');
  return `${lines.join('\n')}\n`;
}

function entryLines({ name, change, a, b, properties }: EntryDifference): string[] {
  const sign = { added: '+', removed: '-', changed: '~' }[change];
  if (change !== 'changed' || a === undefined || b === undefined)
    return [`  ${sign} ${printable(name)}  ${summary(a ?? b)}`];
  return [
    `  ${sign} ${printable(name)}`,
    ...properties.map((property) => `      ${property} ${value(a, property)} -> ${value(b, property)}`),
  ];
}

function summary(entry: CpioEntry | undefined): string {
  return entry === undefined
    ? ''
    : `${entry.kind} ${octal(entry.mode)}, ${entry.sizeBytes} bytes, sha256 ${entry.sha256}`;
}

function value(entry: CpioEntry, property: keyof CpioEntry): string {
  return property === 'mode' ? octal(entry.mode) : printable(String(entry[property]));
}

const MEASUREMENTS: Readonly<Record<string, string>> = {
  true: 'Their measurements are the same.',
  false: 'Their measurements are not the same.',
  undefined: 'Their measurements cannot be compared: an image with a PCIe bus is not measured here.',
};

function sameMeasurements(a: Measurements | undefined, b: Measurements | undefined): boolean | undefined {
  return a === undefined || b === undefined ? undefined : JSON.stringify(a) === JSON.stringify(b);
}
