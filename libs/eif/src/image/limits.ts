// What the format or the systems that read it set as bounds.

/** MAX_NUM_SECTIONS (aws-nitro-enclaves-image-format, src/defs/mod.rs). */
export const maxSections = 32;
/** COMMAND_LINE_SIZE is 2048 with the final NUL, on x86 and on arm64 (arch/*\/include/asm/setup.h): Linux cuts off the rest silently. */
export const maxCmdlineBytes = 2047;
/** SIGNATURE_MAX_SIZE (aws-nitro-enclaves-image-format, README, "EifSectionSignature"). */
export const maxSignatureBytes = 32_768;
/** Ours: nitro-cli puts all of `docker inspect` into the metadata, a few dozen KB, and 4 KiB of custom metadata at most. */
export const maxMetadataBytes = 262_144;
/** Ours: what is read or written at a time. */
export const chunkBytes = 1_048_576;
