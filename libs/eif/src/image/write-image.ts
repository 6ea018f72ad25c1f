import { crc32 } from 'node:zlib';
import { EifError } from '../errors';
import { type ByteSource, bytesSource, type OpenSource, openSource } from '../io/byte-source';
import { OutputFile } from '../io/output-file';
import { prepareSigner, type SigningKey } from '../sign/signer';
import {
  crcOffset,
  encodeHeader,
  encodeSectionHeader,
  headerBytes,
  type Header,
  sectionHeaderBytes,
} from '../format/header';
import { type Measurements, Measurer } from '../format/measurements';
import { encodeMetadata, type EifMetadata } from '../format/metadata';
import { encodeCmdline, maxSections, type Arch, type SectionType } from '../format/sections';

export interface ImageParts {
  /** A bzImage for x86_64, an uncompressed Image for arm64. */
  readonly kernel: ByteSource;
  /** Printable ASCII, at most 2047 characters, without a final NUL or line break. */
  readonly cmdline: string;
  /** At least one cpio or cpio.gz. PCR1 covers the first, PCR2 the others. */
  readonly ramdisks: readonly ByteSource[];
  /** Not measured. */
  readonly metadata: EifMetadata;
  readonly arch: Arch;
  /** Default 1 GiB, as nitro-cli writes. Neither nitro-cli nor the hypervisor reads it. */
  readonly defaultMemoryBytes?: number;
  /** Default 2. Neither nitro-cli nor the hypervisor reads it. */
  readonly defaultCpus?: number;
  /** Signs PCR0, as `nitro-cli build-enclave --private-key --signing-certificate` does. */
  readonly signing?: SigningKey;
}

export interface WriteOptions {
  readonly onProgress?: Progress;
}

export interface WrittenImage {
  readonly measurements: Measurements;
  readonly sizeBytes: number;
}

/**
 * Writes an enclave image file, version 4. The same parts give the same bytes, except for the ECDSA signature, which is random. The file
 * is written completely or not at all. The sections are in nitro-cli's order: kernel, command line, metadata, ramdisks, signature
 * (EifBuilder::write_to, aws-nitro-enclaves-image-format, src/utils/mod.rs).
 *
 * @param path is replaced if it exists
 * @throws EifError ERR_EIF_CMDLINE, _METADATA, _SECTION_COUNT, _SECTION_EMPTY, _DEFAULTS, _SOURCE_CHANGED, _FILE,
 * _SIGNATURE_CERTIFICATE, _SIGNING_KEY
 * @example
 * const { measurements } = await writeImage({ kernel: { path: 'bzImage' }, cmdline: 'console=ttyS0', ramdisks: [{ path: 'init.cpio' }],
 *   metadata, arch: 'x86_64' }, 'enclave.eif');
 */
export async function writeImage(parts: ImageParts, path: string, options: WriteOptions = {}): Promise<WrittenImage> {
  const { defaultMemoryBytes = 1_073_741_824, defaultCpus = 2, arch } = parts;
  for (const value of [defaultMemoryBytes, defaultCpus])
    if (!Number.isSafeInteger(value) || value < 0) throw new EifError('ERR_EIF_DEFAULTS', String(value));
  const cmdline = bytesSource(encodeCmdline(parts.cmdline));
  const metadata = bytesSource(encodeMetadata(parts.metadata));
  const signer = parts.signing === undefined ? undefined : prepareSigner(parts.signing);
  const count = 3 + parts.ramdisks.length + (signer === undefined ? 0 : 1);
  if (parts.ramdisks.length === 0 || count > maxSections)
    throw new EifError('ERR_EIF_SECTION_COUNT', `${parts.ramdisks.length} ramdisks`);

  const opened: OpenSource[] = [];
  const openOne = async (source: ByteSource): Promise<OpenSource> => {
    const open = await openSource(source);
    opened.push(open);
    return open;
  };
  try {
    const kernel = await openOne(parts.kernel);
    const sections: SectionToWrite[] = [
      { type: 'kernel', source: kernel },
      { type: 'cmdline', source: cmdline },
      { type: 'metadata', source: metadata },
    ];
    for (const ramdisk of parts.ramdisks) sections.push({ type: 'ramdisk', source: await openOne(ramdisk) });
    for (const { type, source } of sections)
      if (source.sizeBytes === 0 && type !== 'cmdline') throw new EifError('ERR_EIF_SECTION_EMPTY', type);
    const header = { version: 4, arch, defaultMemoryBytes, defaultCpus };
    if (signer === undefined) return await writeSections(path, header, sections, options.onProgress);

    const signed = await measureSections(sections);
    sections.push({ type: 'signature', source: bytesSource(signer.sign(signed.pcr0)) });
    const written = await writeSections(path, header, sections, options.onProgress);
    if (written.measurements.pcr0 !== signed.pcr0)
      throw new EifError('ERR_EIF_SOURCE_CHANGED', 'the written image is not the image that was signed');
    return { ...written, measurements: { ...written.measurements, pcr8: signer.pcr8 } };
  } finally {
    for (const source of opened) await source.close();
  }
}

async function measureSections(sections: readonly SectionToWrite[]): Promise<Measurements> {
  const measurer = new Measurer();
  for (const { type, source } of sections) {
    measurer.begin(type);
    for await (const chunk of source.chunks()) measurer.update(chunk);
  }
  return measurer.finish();
}

export interface SectionToWrite {
  readonly type: SectionType;
  readonly source: OpenSource;
}

/** Called after each chunk. */
export type Progress = (doneBytes: number, totalBytes: number) => void;

/**
 * Writes an image in one pass. The checksum covers the header and all sections, so it is written last.
 *
 * @returns the measurements of the written sections, without PCR8
 * @throws EifError ERR_EIF_SECTION_COUNT, _SOURCE_CHANGED, _FILE
 */
export async function writeSections(
  path: string,
  header: Omit<Header, 'sections' | 'pcie'>,
  sections: readonly SectionToWrite[],
  onProgress?: Progress,
): Promise<{ measurements: Measurements; sizeBytes: number }> {
  if (sections.length > maxSections)
    throw new EifError('ERR_EIF_SECTION_COUNT', `${sections.length}, and ${maxSections} are possible`);
  let offset = headerBytes;
  const table = sections.map(({ source }) => {
    const entry = { offset, sizeBytes: source.sizeBytes };
    offset += sectionHeaderBytes + source.sizeBytes;
    return entry;
  });
  const totalBytes = offset;
  return OutputFile.write(path, async (file) => {
    const head = encodeHeader({ ...header, sections: table });
    let crc = crc32(head.subarray(0, crcOffset));
    await file.append(head);
    const measurer = new Measurer();
    for (const { type, source } of sections) {
      const sectionHeader = encodeSectionHeader(type, source.sizeBytes);
      crc = crc32(sectionHeader, crc);
      await file.append(sectionHeader);
      measurer.begin(type);
      let done = 0;
      for await (const chunk of source.chunks()) {
        crc = crc32(chunk, crc);
        measurer.update(chunk);
        await file.append(chunk);
        done += chunk.length;
        onProgress?.(file.sizeBytes, totalBytes);
      }
      if (done !== source.sizeBytes) throw new EifError('ERR_EIF_SOURCE_CHANGED', type);
    }
    const crcBytes = new Uint8Array(4);
    new DataView(crcBytes.buffer).setUint32(0, crc);
    await file.patch(crcBytes, crcOffset);
    return { measurements: measurer.finish(), sizeBytes: totalBytes };
  });
}
