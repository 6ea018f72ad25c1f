import { POLY1305_TAG_BYTES } from '@communique-tee/protocol';

/** Room for the image's prompts and the request's other members as JSON, for any provider and task. */
const FIXED_BYTES = 8192;
/**
 * JSON writes a quotation mark, a backslash, a line feed and a tab with two bytes, and every other character of a
 * task unchanged.
 */
const BYTES_OF_A_BYTE = 2;

/**
 * Bytes of a request's body to a provider: 16, 24, 40 or 72 KiB. They depend only on the size bucket of the sealed task, which the parent
 * sees anyway.
 * @param ciphertextBytes of the sealed task
 */
export function requestBytesFor(ciphertextBytes: number): number {
  return FIXED_BYTES + BYTES_OF_A_BYTE * (ciphertextBytes - POLY1305_TAG_BYTES);
}
