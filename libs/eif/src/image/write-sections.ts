import { crc32 } from 'node:zlib';
import { EifError } from '../errors';
import { crcOffset, encodeHeader, encodeSectionHeader, headerBytes, type Header, sectionHeaderBytes } from './header';
import { maxSections } from './limits';
import type { SectionType } from './sections';
import type { OpenSource } from '../io/byte-source';
import { OutputFile } from '../io/output-file';
import { type Measurements, Measurer } from './measurer';

export interface SectionToWrite {
  readonly type: SectionType;
  readonly source: OpenSource;
}

/** Called after each chunk. */
export type Progress = (doneBytes: number, totalBytes: number) => void;

/**
 * Writes an image in one pass: the checksum goes over the header with its sizes, which are known before, then over all
 * sections, and is put in at the end.
 *
 * @returns the measurements of what was written, PCR8 left out
 * @throws EifError ERR_EIF_SECTION_COUNT, _SOURCE_CHANGED, _FILE
 */
export async function writeSections(
  path: string,
  header: Omit<Header, 'sections'>,
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
