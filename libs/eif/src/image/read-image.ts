import { crc32 } from 'node:zlib';
import { EifError } from '../errors';
import { InputFile } from '../io/input-file';
import { type ImageSignature, readSignature } from '../sign/read-signature';
import {
  crcOffset,
  decodeHeader,
  decodeSectionHeader,
  type Header,
  headerBytes,
  sectionHeaderBytes,
} from '../format/header';
import { type Measurements, Measurer } from '../format/measurements';
import { decodeMetadata, type EifMetadata } from '../format/metadata';
import {
  decodeCmdline,
  type Arch,
  type Section,
  type SectionType,
  maxCmdlineBytes,
  maxMetadataBytes,
  maxSignatureBytes,
} from '../format/sections';
import type { Progress } from './write-image';

/** An image that was read to its end and is whole: checksum, structure and, where there is one, signature hold. */
export interface EifImage {
  readonly version: number;
  readonly arch: Arch;
  readonly defaultMemoryBytes: number;
  readonly defaultCpus: number;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly sections: readonly Section[];
  readonly cmdline: string;
  /** undefined in version 3 alone */
  readonly metadata: EifMetadata | undefined;
  readonly measurements: Measurements;
  readonly signature: ImageSignature | undefined;
}

export interface ReadOptions {
  readonly onProgress?: Progress;
}

/**
 * Reads, judges and measures an enclave image file, version 3 or 4, in one pass and with memory for one chunk.
 *
 * @throws EifError any ERR_EIF code but those about writing; see errors.ts
 * @example
 * const { measurements } = await readImage('enclave.eif');
 */
export async function readImage(path: string, options: ReadOptions = {}): Promise<EifImage> {
  const file = await InputFile.open(path);
  try {
    return await readOpenImage(file, options);
  } finally {
    await file.close();
  }
}

export async function readOpenImage(file: InputFile, { onProgress }: ReadOptions = {}): Promise<EifImage> {
  const { headBytes, sectionHeads, sections, ...header } = await readLayout(file);
  const measurer = new Measurer();
  const kept = new Map<SectionType, Uint8Array>();
  let crc = crc32(headBytes.subarray(0, crcOffset));
  for (const [i, { type, dataOffset, sizeBytes }] of sections.entries()) {
    crc = crc32(sectionHeads[i] ?? new Uint8Array(), crc);
    measurer.begin(type);
    const keep = type !== 'kernel' && type !== 'ramdisk' ? new Uint8Array(sizeBytes) : undefined;
    let done = 0;
    for await (const chunk of file.chunks(dataOffset, sizeBytes)) {
      crc = crc32(chunk, crc);
      measurer.update(chunk);
      keep?.set(chunk, done);
      done += chunk.length;
      onProgress?.(dataOffset + done, file.sizeBytes);
    }
    if (keep !== undefined) kept.set(type, keep);
  }
  // What follows is read only from a file that is whole.
  if (crc !== header.crc32)
    throw new EifError('ERR_EIF_CRC', `${hex(header.crc32)} in the header, ${hex(crc)} computed`);
  const [cmdline, metadata, signature] = [kept.get('cmdline'), kept.get('metadata'), kept.get('signature')];
  const measurements = measurer.finish();
  const image = {
    ...header,
    sizeBytes: file.sizeBytes,
    sections,
    cmdline: decodeCmdline(cmdline ?? new Uint8Array()),
    metadata: metadata === undefined ? undefined : decodeMetadata(metadata),
  };
  if (signature === undefined) return { ...image, measurements, signature: undefined };
  const verified = readSignature(signature, measurements.pcr0);
  return { ...image, measurements: { ...measurements, pcr8: verified.pcr8 }, signature: verified };
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

export interface Layout extends Omit<Header, 'sections'> {
  readonly crc32: number;
  readonly sections: readonly Section[];
  /** The bytes that were judged, so that the checksum goes over these and not over what is read later. */
  readonly headBytes: Uint8Array;
  readonly sectionHeads: readonly Uint8Array[];
}

/**
 * Header and section headers, judged against each other and against the length of the file: sections lie end to end from byte
 * 548 to the end, kernel first, then the command line, then ramdisks, metadata and signature.
 *
 * @throws EifError with any of the codes from ERR_EIF_MAGIC to ERR_EIF_SECTION_MISSING
 */
export async function readLayout(file: InputFile): Promise<Layout> {
  if (file.sizeBytes < headerBytes) {
    const start = await file.read(0, Math.min(4, file.sizeBytes));
    throw Buffer.from(start).toString('latin1') === '.eif'.slice(0, start.length)
      ? new EifError('ERR_EIF_TRUNCATED', `${file.sizeBytes} bytes`)
      : new EifError('ERR_EIF_MAGIC');
  }
  const headBytes = await file.read(0, headerBytes);
  const { sections: table, ...header } = decodeHeader(headBytes);
  const sections: Section[] = [];
  const sectionHeads: Uint8Array[] = [];
  let end = headerBytes;
  for (const [i, { offset, sizeBytes }] of table.entries()) {
    if (offset < end) throw new EifError('ERR_EIF_OVERLAP', `section ${i} starts at ${offset}, and ${end} is free`);
    if (offset > end)
      throw new EifError(
        offset > file.sizeBytes ? 'ERR_EIF_TRUNCATED' : 'ERR_EIF_GAP',
        `section ${i} starts at ${offset}, and ${end} is free`,
      );
    const dataOffset = offset + sectionHeaderBytes;
    if (sizeBytes > file.sizeBytes - dataOffset)
      throw new EifError('ERR_EIF_TRUNCATED', `section ${i} of ${sizeBytes} bytes in a file of ${file.sizeBytes}`);
    const head = await file.read(offset, sectionHeaderBytes);
    const type = decodeSectionHeader(head, sizeBytes, header.version);
    checkSize(type, sizeBytes);
    sections.push({ type, dataOffset, sizeBytes });
    sectionHeads.push(head);
    end = dataOffset + sizeBytes;
  }
  if (end !== file.sizeBytes) throw new EifError('ERR_EIF_TRAILING', `${file.sizeBytes - end} bytes`);
  checkOrder(
    sections.map(({ type }) => type),
    header.version,
  );
  return { ...header, sections, headBytes, sectionHeads };
}

const largest: Partial<Record<SectionType, number>> = {
  cmdline: maxCmdlineBytes,
  metadata: maxMetadataBytes,
  signature: maxSignatureBytes,
};

function checkSize(type: SectionType, sizeBytes: number): void {
  if (sizeBytes === 0 && type !== 'cmdline') throw new EifError('ERR_EIF_SECTION_EMPTY', type);
  const most = largest[type];
  if (most !== undefined && sizeBytes > most)
    throw new EifError('ERR_EIF_SECTION_TOO_LARGE', `${type}, ${sizeBytes} bytes, ${most} allowed`);
}

/**
 * Measurements go over the sections in the order of the file (README, "EIF Measurements"), so an order other than that of
 * nitro-cli would give the same parts other values. The place of metadata and signature behind the command line is free.
 */
function checkOrder(types: readonly SectionType[], version: number): void {
  for (const once of ['kernel', 'cmdline', 'signature', 'metadata'] as const) {
    if (types.filter((type) => type === once).length > 1) throw new EifError('ERR_EIF_SECTION_DUPLICATE', once);
  }
  const needed = ['kernel', 'cmdline', 'ramdisk', ...(version >= 4 ? (['metadata'] as const) : [])] as const;
  for (const type of needed) if (!types.includes(type)) throw new EifError('ERR_EIF_SECTION_MISSING', type);
  if (types[0] !== 'kernel' || types[1] !== 'cmdline') throw new EifError('ERR_EIF_SECTION_ORDER', types.join(', '));
}
