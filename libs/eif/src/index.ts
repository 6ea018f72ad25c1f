export type { CpioInput } from './cpio/entry';
export { readCpio, type CpioEntry, type ReadCpioOptions } from './cpio/read-cpio';
export { readRamdisk } from './cpio/read-ramdisk';
export { writeCpio, type WrittenCpio } from './cpio/write-cpio';
export type { EntryDifference } from './diff/diff-entries';
export { diffImages, type ImageDifference, type SectionDifference } from './diff/diff-images';
export { EifError, eifErrorCodes, type EifErrorCode } from './errors';
export type { EifMetadata } from './format/metadata';
export type { Arch, Section, SectionType } from './format/sections';
export type { ByteSource } from './io/byte-source';
export { type Measurements, asNitroCli, type NitroCliMeasurements } from './format/measurements';
export {
  describeImage,
  readImage,
  type DescribedImage,
  type EifImage,
  type Gap,
  type ReadOptions,
} from './image/read-image';
export { copySections } from './image/copy-sections';
export { certificatePcr8 } from './sign/certificate';
export type { ImageSignature } from './sign/read-signature';
export { verifySignature, type SignaturePolicy } from './image/verify-signature';
export { signImage } from './image/sign-image';
export type { SigningKey } from './sign/signer';
export { writeImage, type ImageParts, type WriteOptions, type WrittenImage, type Progress } from './image/write-image';
