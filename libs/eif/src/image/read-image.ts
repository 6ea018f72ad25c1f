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

/** A complete image: its structure, its checksum and, if it is signed, its signature are valid. */
export interface DescribedImage {
  readonly version: number;
  readonly arch: Arch;
  /** Whether the enclave has a PCIe bus. This library cannot measure such an image. */
  readonly pcie: boolean;
  readonly defaultMemoryBytes: number;
  readonly defaultCpus: number;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly sections: readonly Section[];
  /** Unused bytes before or between sections. The hypervisor skips them. The checksum covers them, but no measurement does. */
  readonly gaps: readonly Gap[];
  /** The command line, with its final NUL if it has one. */
  readonly cmdline: string;
  /** undefined only in version 3 */
  readonly metadata: EifMetadata | undefined;
  /** undefined only for an image with PCIe */
  readonly measurements: Measurements | undefined;
  readonly signature: ImageSignature | undefined;
}

export interface EifImage extends DescribedImage {
  readonly measurements: Measurements;
}

export interface Gap {
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface ReadOptions {
  readonly onProgress?: Progress;
}

export interface OpenImageOptions extends ReadOptions {
  /**
   * Accepts an image whose file header still has the size of an earlier signature, so that the image can be signed again. The size in
   * the signature section's own header is then used.
   */
  readonly mendSignatureSize?: boolean;
}

/**
 * Reads, checks and measures an enclave image file of version 3 or 4, in one pass, with one chunk in memory.
 *
 * @throws EifError with an ERR_EIF code of errors.ts; ERR_EIF_PCIE for an image that cannot be measured
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

/**
 * Does the same as `readImage`, but also accepts an image with PCIe. Its `measurements` are undefined.
 *
 * @throws EifError what `readImage` throws, except ERR_EIF_PCIE
 */
export async function describeImage(path: string, options: ReadOptions = {}): Promise<DescribedImage> {
  const file = await InputFile.open(path);
  try {
    return await describeOpenImage(file, options);
  } finally {
    await file.close();
  }
}

export async function readOpenImage(file: InputFile, options: OpenImageOptions = {}): Promise<EifImage> {
  const { measurements, ...image } = await describeOpenImage(file, options);
  if (measurements === undefined) throw new EifError('ERR_EIF_PCIE');
  return { ...image, measurements };
}

export async function describeOpenImage(
  file: InputFile,
  { onProgress, mendSignatureSize = false }: OpenImageOptions = {},
): Promise<DescribedImage> {
  const { headBytes, sectionHeads, sections, ...header } = await readLayout(file, mendSignatureSize);
  const measurer = new Measurer();
  const kept = new Map<SectionType, Uint8Array>();
  let crc = crc32(headBytes.subarray(0, crcOffset));
  for (const [i, { type, dataOffset, sizeBytes }] of sections.entries()) {
    const gap = header.gaps.find(
      ({ offset, sizeBytes: length }) => offset + length + sectionHeaderBytes === dataOffset,
    );
    if (gap !== undefined) for await (const chunk of file.chunks(gap.offset, gap.sizeBytes)) crc = crc32(chunk, crc);
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
  if (crc !== header.crc32)
    throw new EifError('ERR_EIF_CRC', `${hex(header.crc32)} in the header, ${hex(crc)} computed`);
  const [cmdline, metadata, signature] = [kept.get('cmdline'), kept.get('metadata'), kept.get('signature')];
  // AWS's crate 0.8.1 ignores the PCIe flags, and so reports a PCR0 that no enclave has. This library reports none.
  const measurements = header.pcie ? undefined : measurer.finish();
  const image = {
    ...header,
    sizeBytes: file.sizeBytes,
    sections,
    cmdline: decodeCmdline(cmdline ?? new Uint8Array()),
    metadata: metadata === undefined ? undefined : decodeMetadata(metadata),
  };
  if (signature === undefined) return { ...image, measurements, signature: undefined };
  const verified = readSignature(signature, measurements?.pcr0);
  return { ...image, measurements: measurements && { ...measurements, pcr8: verified.pcr8 }, signature: verified };
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

export interface Layout extends Omit<Header, 'sections'> {
  readonly crc32: number;
  readonly sections: readonly Section[];
  readonly gaps: readonly Gap[];
  /** The header's bytes that were checked. The checksum is computed over them, because the file could change between two reads. */
  readonly headBytes: Uint8Array;
  readonly sectionHeads: readonly Uint8Array[];
}

/**
 * Checks the header and the section headers against each other and against the length of the file. Sections are in the order of the
 * table and do not overlap, and the file ends with the last section. The kernel is first, then the command line, then ramdisks, metadata
 * and signature in any order. Bytes between sections are allowed, because the hypervisor starts such images
 * (aws-nitro-enclaves-image-format, issue 25 and pull request 26, with 64 bytes after the header).
 *
 * @throws EifError with any of the codes from ERR_EIF_MAGIC to ERR_EIF_SECTION_MISSING, except ERR_EIF_PCIE
 */
async function readLayout(file: InputFile, mendSignatureSize: boolean): Promise<Layout> {
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
  const gaps: Gap[] = [];
  let end = headerBytes;
  for (const [i, { offset, sizeBytes }] of table.entries()) {
    if (offset < end) throw new EifError('ERR_EIF_OVERLAP', `section ${i} starts at ${offset}, before ${end}`);
    const dataOffset = offset + sectionHeaderBytes;
    const outside = (size: number) =>
      new EifError('ERR_EIF_TRUNCATED', `section ${i} at ${offset} of ${size} bytes in a file of ${file.sizeBytes}`);
    if (dataOffset > file.sizeBytes) throw outside(sizeBytes);
    if (offset > end) gaps.push({ offset: end, sizeBytes: offset - end });
    const head = await file.read(offset, sectionHeaderBytes);
    const { type, sizeBytes: ownSize } = decodeSectionHeader(head, header.version);
    const stale =
      ownSize !== sizeBytes &&
      type === 'signature' &&
      dataOffset + ownSize === (table[i + 1]?.offset ?? file.sizeBytes);
    if (stale && !mendSignatureSize) throw new EifError('ERR_EIF_SIGNATURE_STALE_SIZE');
    if (!stale && sizeBytes > file.sizeBytes - dataOffset) throw outside(sizeBytes);
    if (!stale && ownSize !== sizeBytes)
      throw new EifError('ERR_EIF_SECTION_SIZE', `${sizeBytes} and ${ownSize}, ${type}`);
    checkSize(type, ownSize);
    sections.push({ type, dataOffset, sizeBytes: ownSize });
    sectionHeads.push(head);
    end = dataOffset + ownSize;
  }
  if (end !== file.sizeBytes) throw new EifError('ERR_EIF_TRAILING', `${file.sizeBytes - end} bytes`);
  checkOrder(
    sections.map(({ type }) => type),
    header.version,
  );
  return { ...header, sections, gaps, headBytes, sectionHeads };
}

const largest: Partial<Record<SectionType, number>> = {
  cmdline: maxCmdlineBytes,
  metadata: maxMetadataBytes,
  signature: maxSignatureBytes,
};

function checkSize(type: SectionType, sizeBytes: number): void {
  // Images that take their root file system from a disk have an empty ramdisk.
  if (sizeBytes === 0 && type !== 'cmdline' && type !== 'ramdisk') throw new EifError('ERR_EIF_SECTION_EMPTY', type);
  const most = largest[type];
  if (most !== undefined && sizeBytes > most)
    throw new EifError('ERR_EIF_SECTION_TOO_LARGE', `${type}, ${sizeBytes} bytes, ${most} allowed`);
}

/**
 * Requires the kernel first and then the command line, as nitro-cli writes them, because another order gives other measurements (README
 * of aws-nitro-enclaves-image-format, "EIF Measurements"). Metadata and signature may be anywhere after the command line.
 */
function checkOrder(types: readonly SectionType[], version: number): void {
  for (const once of ['kernel', 'cmdline', 'signature', 'metadata'] as const) {
    if (types.filter((type) => type === once).length > 1) throw new EifError('ERR_EIF_SECTION_DUPLICATE', once);
  }
  const needed = ['kernel', 'cmdline', 'ramdisk', ...(version >= 4 ? (['metadata'] as const) : [])] as const;
  for (const type of needed) if (!types.includes(type)) throw new EifError('ERR_EIF_SECTION_MISSING', type);
  if (types[0] !== 'kernel' || types[1] !== 'cmdline') throw new EifError('ERR_EIF_SECTION_ORDER', types.join(', '));
}
