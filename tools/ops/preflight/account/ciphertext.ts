export type CiphertextJudgement = 'ciphertext' | 'not base64' | 'text in base64' | 'too short' | 'unknown beginning';

const SMALLEST_BYTES = 100;

/**
 * Whether a text can be the output of `aws kms encrypt --output text`. KMS does not document the form. Ciphertexts of symmetric keys begin
 * with the bytes 01 01 or 01 02, then 02 00 78 (`AQICAH...` in base64), and are longer than 150 bytes. Only an enclave can tell whether a
 * ciphertext opens.
 */
export function judgeCiphertext(value: string): CiphertextJudgement {
  const text = value.trim();
  if (text === '' || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return 'not base64';
  const bytes = Buffer.from(text, 'base64');
  if (bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d)) return 'text in base64';
  if (bytes.length < SMALLEST_BYTES) return 'too short';
  const [first, second, third, fourth, fifth] = bytes;
  return first === 1 && (second === 1 || second === 2) && third === 2 && fourth === 0 && fifth === 0x78
    ? 'ciphertext'
    : 'unknown beginning';
}
