import { toBase64Url, type Answer, type ReceiptClaims } from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import { ReceiptError } from './errors';

const DOMAIN = new TextEncoder().encode('communique-tee office v1');

/**
 * Returns a receipt's commitment to an office: SHA-256 over a domain text, a 32-byte salt and the office's code. A public receipt must not
 * name the office, which would reveal the sender's district. Only the sender gets the salt, in the sealed answer.
 */
export function commitToOffice(salt: Uint8Array, office: string): Uint8Array {
  if (salt.length !== 32) throw new RangeError('a salt has 32 bytes');
  const code = new TextEncoder().encode(office);
  const input = new Uint8Array(DOMAIN.length + salt.length + code.length);
  input.set(DOMAIN);
  input.set(salt, DOMAIN.length);
  input.set(code, DOMAIN.length + salt.length);
  return sha256(input);
}

/**
 * Checks that an opened answer matches the receipt. Salt and code of each office must give one of the receipt's commitments, with the same
 * outcome, and no commitment may be left over. The order may differ.
 * @throws ReceiptError `ERR_RECEIPT_ANSWER`
 */
export function matchAnswer(claims: ReceiptClaims, answer: Answer): void {
  const unopened = new Map(claims.offices.map(({ commitment, outcome }) => [commitment, outcome]));
  const opens = answer.offices.every(({ salt, office, outcome }) => {
    const commitment = toBase64Url(commitToOffice(salt, office));
    return unopened.get(commitment) === outcome && unopened.delete(commitment);
  });
  if (!opens || unopened.size > 0) throw new ReceiptError('ERR_RECEIPT_ANSWER', 'the answer does not open the receipt');
}
