import { EifError } from '../errors';
import { maxSections, type Arch, type SectionType, sectionTypeOf, sectionTypes } from './sections';

/*
 * The header of an enclave image file: 548 bytes, big endian (aws-nitro-enclaves-image-format, README "EifHeader" and
 * src/defs/mod.rs, struct EifHeader):
 *   0 magic ".eif" | 4 version u16 | 6 flags u16 | 8 default_mem u64 | 16 default_cpus u64 | 24 reserved u16 |
 *   26 num_sections u16 | 28 section_offsets u64[32] | 284 section_sizes u64[32] | 540 unused u32 | 544 crc32 u32
 */
export const headerBytes = 548;
/** The checksum is the header's last field. It covers the whole file except itself. */
export const crcOffset = 544;
/** type u16 | flags u16 | size u64 (struct EifSectionHeader). */
export const sectionHeaderBytes = 12;

const magic = 0x2e656966; // ".eif"
const offsetsAt = 28;
const sizesAt = offsetsAt + 8 * maxSections;
const unusedAt = sizesAt + 8 * maxSections;
/** Bit 0 of the flags is the architecture (EIF_HDR_ARCH_ARM64). AWS's README calls the other bits reserved. */
const arm64Flag = 1;
/**
 * Bit 6 is set if the enclave has a PCIe bus. Bits 8 and 9 have a meaning only with bit 6. Images of Bottlerocket have
 * 0x240 or 0x340 (twoliter's eif-builder).
 */
const pcieFlag = 0x40;
const pcieFlags = pcieFlag | 0x300;

export interface Header {
  readonly version: number;
  readonly arch: Arch;
  /** Whether the enclave has a PCIe bus. AWS does not publish how the PCIe flags change PCR0, so this library cannot measure such an image. */
  readonly pcie: boolean;
  /** Neither nitro-cli nor the hypervisor uses this value (README of aws-nitro-enclaves-image-format, "default_mem"). */
  readonly defaultMemoryBytes: number;
  readonly defaultCpus: number;
  /** The offset of each section's own header, and the size of its data. */
  readonly sections: readonly { readonly offset: number; readonly sizeBytes: number }[];
}

/** @returns 548 bytes with a checksum of zero; never with PCIe */
export function encodeHeader(header: Omit<Header, 'pcie'>): Uint8Array {
  const bytes = new Uint8Array(headerBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  view.setUint16(4, header.version);
  view.setUint16(6, header.arch === 'arm64' ? arm64Flag : 0);
  view.setBigUint64(8, BigInt(header.defaultMemoryBytes));
  view.setBigUint64(16, BigInt(header.defaultCpus));
  view.setUint16(26, header.sections.length);
  header.sections.forEach(({ offset, sizeBytes }, i) => {
    view.setBigUint64(offsetsAt + 8 * i, BigInt(offset));
    view.setBigUint64(sizesAt + 8 * i, BigInt(sizeBytes));
  });
  return bytes;
}

/**
 * Reads and checks only the header. Refuses every u64 beyond 2^53 - 1, so that a caller can calculate with exact numbers.
 *
 * @param bytes 548 bytes
 * @throws EifError ERR_EIF_MAGIC, _VERSION, _FLAGS, _RESERVED, _DEFAULTS, _SECTION_COUNT, _TRUNCATED
 */
export function decodeHeader(bytes: Uint8Array): Header & { readonly crc32: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  if (view.getUint32(0) !== magic) throw new EifError('ERR_EIF_MAGIC');
  const version = view.getUint16(4);
  if (version !== 3 && version !== 4) throw new EifError('ERR_EIF_VERSION', `version ${version}`);
  const flags = view.getUint16(6);
  const pcie = (flags & pcieFlag) !== 0;
  if ((flags & ~(arm64Flag | (pcie ? pcieFlags : 0))) !== 0)
    throw new EifError('ERR_EIF_FLAGS', `0x${flags.toString(16)}`);
  if (view.getUint16(24) !== 0 || view.getUint32(unusedAt) !== 0) throw new EifError('ERR_EIF_RESERVED');
  const count = view.getUint16(26);
  // Version 3 has at least 3 sections (kernel, command line, ramdisk), and version 4 at least 4 (also metadata).
  if (count < version || count > maxSections)
    throw new EifError('ERR_EIF_SECTION_COUNT', `${count}, and ${version} to ${maxSections} are possible`);
  const sections: { offset: number; sizeBytes: number }[] = [];
  for (let i = 0; i < maxSections; i++) {
    const offset = view.getBigUint64(offsetsAt + 8 * i);
    const size = view.getBigUint64(sizesAt + 8 * i);
    if (i >= count) {
      if (offset !== 0n || size !== 0n)
        throw new EifError('ERR_EIF_RESERVED', `the unused entry ${i} of the table of sections`);
    } else {
      if (offset > safe || size > safe) throw new EifError('ERR_EIF_TRUNCATED', `section ${i} reaches beyond 2^53 - 1`);
      sections.push({ offset: Number(offset), sizeBytes: Number(size) });
    }
  }
  const [memory, cpus] = [view.getBigUint64(8), view.getBigUint64(16)];
  if (memory > safe || cpus > safe) throw new EifError('ERR_EIF_DEFAULTS');
  return {
    version,
    arch: (flags & arm64Flag) !== 0 ? 'arm64' : 'x86_64',
    pcie,
    defaultMemoryBytes: Number(memory),
    defaultCpus: Number(cpus),
    sections,
    crc32: view.getUint32(crcOffset),
  };
}

const safe = BigInt(Number.MAX_SAFE_INTEGER);

export function encodeSectionHeader(type: SectionType, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sectionHeaderBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sectionTypes[type]);
  view.setBigUint64(4, BigInt(sizeBytes));
  return bytes;
}

export interface SectionHeader {
  readonly type: SectionType;
  readonly sizeBytes: number;
}

/**
 * @param bytes 12 bytes
 * @throws EifError ERR_EIF_SECTION_TYPE, ERR_EIF_SECTION_FLAGS, ERR_EIF_TRUNCATED (a size beyond 2^53 - 1)
 */
export function decodeSectionHeader(bytes: Uint8Array, version: number): SectionHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, sectionHeaderBytes);
  const code = view.getUint16(0);
  const type = sectionTypeOf(code);
  if (type === undefined || (type === 'metadata' && version < 4))
    throw new EifError('ERR_EIF_SECTION_TYPE', `type ${code}`);
  if (view.getUint16(2) !== 0)
    throw new EifError('ERR_EIF_SECTION_FLAGS', `0x${view.getUint16(2).toString(16)}, ${type}`);
  const size = view.getBigUint64(4);
  if (size > safe) throw new EifError('ERR_EIF_TRUNCATED', `${type} reaches beyond 2^53 - 1`);
  return { type, sizeBytes: Number(size) };
}
