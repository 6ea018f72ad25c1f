import { EifError } from '../errors';

/** MAX_NUM_SECTIONS (aws-nitro-enclaves-image-format, src/defs/mod.rs). */
export const maxSections = 32;
/** Linux cuts off longer command lines silently: COMMAND_LINE_SIZE is 2048 with the final NUL, on x86 and arm64 (arch/*\/include/asm/setup.h). */
export const maxCmdlineBytes = 2047;
/** SIGNATURE_MAX_SIZE (aws-nitro-enclaves-image-format, README, "EifSectionSignature"). */
export const maxSignatureBytes = 32_768;
/** Our own limit. The metadata of nitro-cli has the output of `docker inspect`, a few dozen KB, and at most 4 KiB of custom metadata. */
export const maxMetadataBytes = 262_144;
/** The number of bytes in one read or write. */
export const chunkBytes = 1_048_576;

/** EifSectionType (aws-nitro-enclaves-image-format, src/defs/mod.rs), which calls 0 "invalid". */
export const sectionTypes = { kernel: 1, cmdline: 2, ramdisk: 3, signature: 4, metadata: 5 } as const;
export type SectionType = keyof typeof sectionTypes;

const names: Readonly<Record<number, SectionType>> = {
  1: 'kernel',
  2: 'cmdline',
  3: 'ramdisk',
  4: 'signature',
  5: 'metadata',
};

export function sectionTypeOf(code: number): SectionType | undefined {
  return names[code];
}

export interface Section {
  readonly type: SectionType;
  /** The offset of the data in the file, after the section's own header of 12 bytes. */
  readonly dataOffset: number;
  readonly sizeBytes: number;
}

export type Arch = 'x86_64' | 'arm64';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Returns the command line as it is measured: without a final NUL (EifBuilder::new, src/utils/mod.rs, takes CString::into_bytes).
 *
 * @throws EifError ERR_EIF_CMDLINE: more than 2047 bytes, or a character that is not printable ASCII
 */
export function encodeCmdline(cmdline: string): Uint8Array {
  if (!/^[\x20-\x7e]*$/.test(cmdline)) throw new EifError('ERR_EIF_CMDLINE', 'a character that is not printable ASCII');
  if (cmdline.length > maxCmdlineBytes)
    throw new EifError('ERR_EIF_CMDLINE', `${cmdline.length} bytes, and Linux takes ${maxCmdlineBytes}`);
  return new TextEncoder().encode(cmdline);
}

/**
 * Returns the command line. Keeps a final NUL, which the images of Bottlerocket have and measure.
 *
 * @throws EifError ERR_EIF_CMDLINE: a NUL before the end (Linux would ignore the rest, but the measurement would not), or not UTF-8
 */
export function decodeCmdline(bytes: Uint8Array): string {
  if (bytes.subarray(0, -1).includes(0)) throw new EifError('ERR_EIF_CMDLINE', 'a NUL before the end');
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new EifError('ERR_EIF_CMDLINE', 'no UTF-8', cause);
  }
}
