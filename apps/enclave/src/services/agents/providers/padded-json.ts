/** White space that JSON allows after a value (RFC 8259 section 2). */
const SPACE = 0x20;

/**
 * Returns the value as JSON of exactly `bytes` bytes, padded with spaces, so that the length of a request reveals nothing about its
 * content.
 * @throws RangeError if the JSON is longer
 */
export function paddedJson(value: object, bytes: number): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(value));
  if (json.length > bytes) throw new RangeError('longer than its padding');
  const padded = new Uint8Array(bytes).fill(SPACE);
  padded.set(json);
  return padded;
}
