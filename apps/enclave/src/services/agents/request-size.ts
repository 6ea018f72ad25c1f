import { POLY1305_TAG_BYTES } from '@communique-tee/protocol';

/** Room for the image's prompts and the request's other members as JSON, for any provider and task. */
const FIXED_BYTES = 8192;
/** JSON writes a quotation mark, a backslash, a line feed and a tab with two bytes each, and every other character of a task unchanged. */
const BYTES_OF_A_BYTE = 2;

/**
 * Returns the size of the body of a request to a provider: 16, 24, 40 or 72 KiB. It depends only on the size bucket of the sealed task,
 * which the parent sees anyway.
 * @param ciphertextBytes size of the sealed task's ciphertext
 */
export function requestBytesFor(ciphertextBytes: number): number {
  return FIXED_BYTES + BYTES_OF_A_BYTE * (ciphertextBytes - POLY1305_TAG_BYTES);
}
