import { LIMITS } from '@communique-tee/protocol';
import { CryptoError } from './errors';

const LENGTH_BYTES = 4;
const SMALLEST_BUCKET = 1024;

/** The longest text that can be sealed: 262,140 bytes, which is the largest bucket without its length prefix. */
export const MAX_PLAINTEXT_BYTES = LIMITS.maxPaddedPlaintextBytes - LENGTH_BYTES;

/**
 * Returns the length (4 bytes, big endian), the text, and zeros up to the next power of two from 1 KiB to 256 KiB, so that the length of
 * the sealed bytes reveals little about the text.
 * @param smallestBucket a power of two; all texts that fit get this length
 * @param largestBucket the limit of one service, in bytes
 * @throws CryptoError `ERR_CRYPTO_TOO_LARGE`
 */
export function pad(plaintext: Uint8Array, smallestBucket = SMALLEST_BUCKET, largestBucket = Infinity): Uint8Array {
  if (plaintext.length > Math.min(MAX_PLAINTEXT_BYTES, largestBucket - LENGTH_BYTES))
    throw new CryptoError('ERR_CRYPTO_TOO_LARGE');
  let bucket = smallestBucket;
  while (bucket < plaintext.length + LENGTH_BYTES) bucket *= 2;
  const padded = new Uint8Array(bucket);
  new DataView(padded.buffer).setUint32(0, plaintext.length);
  padded.set(plaintext, LENGTH_BYTES);
  return padded;
}

/** Returns a view of the text, or undefined if the length prefix is too large. Does not check that the padding is zeros. */
export function unpad(padded: Uint8Array): Uint8Array | undefined {
  if (padded.length < LENGTH_BYTES) return undefined;
  const length = new DataView(padded.buffer, padded.byteOffset, padded.byteLength).getUint32(0);
  return length > padded.length - LENGTH_BYTES ? undefined : padded.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
}
