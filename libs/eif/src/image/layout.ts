import { EifError } from '../errors';
import { decodeHeader, decodeSectionHeader, type Header, headerBytes, sectionHeaderBytes } from './header';
import { maxCmdlineBytes, maxMetadataBytes, maxSignatureBytes } from './limits';
import type { Section, SectionType } from './sections';
import type { InputFile } from '../io/input-file';

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
