import { crc32 } from 'node:zlib';
import { EifError } from '../errors';
import { decodeCmdline } from './cmdline';
import { crcOffset } from './header';
import { decodeMetadata, type EifMetadata } from './metadata';
import type { Arch, Section, SectionType } from './sections';
import { InputFile } from '../io/input-file';
import { type Measurements, Measurer } from './measurer';
import { type ImageSignature, readSignature } from '../sign/read-signature';
import type { Progress } from './write-sections';
import { readLayout } from './layout';

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
