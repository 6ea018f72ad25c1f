import { asNitroCli, type CpioEntry, type DescribedImage, type Measurements, readRamdisk } from '@communique-tee/eif';
import { printable } from './output';

export interface Ramdisk {
  readonly entries: readonly CpioEntry[];
}

export async function listRamdisks(path: string, image: DescribedImage): Promise<Ramdisk[]> {
  const ramdisks: Ramdisk[] = [];
  for (const section of image.sections) {
    if (section.type !== 'ramdisk') continue;
    const entries: CpioEntry[] = [];
    for await (const entry of readRamdisk(path, section)) entries.push(entry);
    ramdisks.push({ entries });
  }
  return ramdisks;
}

export function describeAsJson(image: DescribedImage, ramdisks: readonly Ramdisk[] | undefined): object {
  const { measurements, signature, crc32, ...rest } = image;
  return {
    ...rest,
    crc32: crc32.toString(16).padStart(8, '0'),
    metadata: image.metadata ?? null,
    signature:
      signature === undefined
        ? null
        : {
            algorithm: signature.algorithm,
            signedPcr0: signature.pcr0,
            pcr8: signature.pcr8,
            subject: signature.subject,
            issuer: signature.issuer,
            notBefore: new Date(signature.notBeforeMs).toISOString(),
            notAfter: new Date(signature.notAfterMs).toISOString(),
            certificatePem: signature.certificatePem,
          },
    ...(measurements === undefined ? { Measurements: null } : asNitroCli(measurements)),
    ...(ramdisks && {
      ramdisks: ramdisks.map(({ entries }) => ({
        entries: entries.map(({ offset: _o, endOffset: _e, target, mode, ...entry }) => ({
          ...entry,
          mode: octal(mode),
          ...(target !== undefined && { target }),
        })),
      })),
    }),
  };
}

export function describeAsText(image: DescribedImage, ramdisks: readonly Ramdisk[] | undefined): string {
  const { metadata, signature } = image;
  const lines = [
    `version       ${image.version}`,
    `architecture  ${image.arch}${image.pcie ? ', with a PCIe bus' : ''}`,
    `size          ${bytes(image.sizeBytes)}`,
    `defaults      ${bytes(image.defaultMemoryBytes)} of memory, ${image.defaultCpus} CPUs`,
    `checksum      ${image.crc32.toString(16).padStart(8, '0')}, right`,
    `command line  ${printable(image.cmdline)}`,
    '',
    'sections',
    ...image.sections.map(
      ({ type, dataOffset, sizeBytes }) =>
        `  ${type.padEnd(10)}at ${String(dataOffset).padEnd(11)} ${bytes(sizeBytes)}`,
    ),
    ...image.gaps.map(
      ({ offset, sizeBytes }) =>
        `  ${'(gap)'.padEnd(10)}at ${String(offset).padEnd(11)} ${bytes(sizeBytes)}, not measured`,
    ),
    ...(image.gaps.length > 0 ? ['  nitro-cli starts an image with a gap, but cannot describe it'] : []),
    '',
    'measurements',
    ...(image.measurements === undefined ? noMeasurements(image) : measurementLines(image.measurements)).map(
      (line) => `  ${line}`,
    ),
    '',
  ];
  if (metadata === undefined) lines.push('metadata      none');
  else {
    lines.push('metadata, neither measured nor signed');
    const fields = {
      name: metadata.imageName,
      version: metadata.imageVersion,
      built: metadata.buildTime,
      'built by': `${metadata.buildTool} ${metadata.buildToolVersion}`,
      system: metadata.operatingSystem,
      kernel: metadata.kernelVersion,
    };
    for (const [name, value] of Object.entries(fields)) lines.push(`  ${name.padEnd(10)}${printable(value)}`);
    for (const [name, value] of [
      ['Docker', metadata.dockerInfo],
      ['custom', metadata.customMetadata],
    ] as const)
      if (value !== null) lines.push(`  ${name.padEnd(10)}${printable(JSON.stringify(value))}`);
  }
  lines.push('');
  if (signature === undefined) lines.push('signature     none');
  else {
    lines.push(
      `signature, right (${signature.algorithm}); only PCR8 tells who signed`,
      `  subject   ${name(signature.subject)}`,
      `  issuer    ${name(signature.issuer)}`,
      `  valid     ${new Date(signature.notBeforeMs).toISOString()} to ${new Date(signature.notAfterMs).toISOString()}`,
    );
  }
  ramdisks?.forEach(({ entries }, i) => lines.push('', `files of ramdisk ${i + 1}`, ...entries.map(entryLine)));
  return `${lines.join('\n')}\n`;
}

/** For an image without known measurements. Its PCR8 is known, because PCR8 measures only the certificate. */
function noMeasurements({ signature }: DescribedImage): string[] {
  const lines = ['none: the flags for PCIe are part of PCR0, and AWS has not published how'];
  if (signature !== undefined) lines.push(`PCR8  ${signature.pcr8}`, `signed as PCR0, not compared: ${signature.pcr0}`);
  return lines;
}

export function measurementLines(measurements: Measurements): string[] {
  return Object.entries(measurements).map(([name, value]) => `${name.toUpperCase()}  ${value}`);
}

function entryLine(entry: CpioEntry): string {
  const letter = { directory: 'd', file: '-', symlink: 'l', characterDevice: 'c', other: '?' }[entry.kind];
  const size = entry.kind === 'characterDevice' ? `${entry.major}, ${entry.minor}` : String(entry.sizeBytes);
  const target = entry.target === undefined ? '' : ` -> ${printable(entry.target)}`;
  return `  ${letter}${octal(entry.mode)} ${entry.uid}:${entry.gid} ${size.padStart(11)}  ${entry.kind === 'file' ? entry.sha256.slice(0, 16) : ' '.repeat(16)}  ${printable(entry.name)}${target}`;
}

/** Joins the parts of a distinguished name, which Node writes on separate lines. */
function name(distinguished: string): string {
  return printable(distinguished.replaceAll('\n', ', '));
}

export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

export function bytes(count: number): string {
  const mebi = count / 1_048_576;
  return `${count} bytes${mebi >= 0.1 ? ` (${mebi.toFixed(1)} MiB)` : ''}`;
}
