import { toBase64Url, type Answer, type ReceiptClaims } from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import { ReceiptError } from './errors';

const DOMAIN = new TextEncoder().encode('communique-tee office v1');

/**
 * What a public receipt says of an office: SHA-256 over a domain text, a random 32-byte salt and the office's code. An office
 * names a district, so only who has the salt (the sender, in the sealed answer) can tell which it was.
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
 * Checks that a sealed answer, once opened, tells the same story as the public receipt: office by office the salt and the code
 * open the commitment, and the outcomes are equal.
 * @throws ReceiptError `ERR_RECEIPT_ANSWER`
 */
export function matchAnswer(claims: ReceiptClaims, answer: Answer): void {
  const matches =
    claims.offices.length === answer.offices.length &&
    claims.offices.every((public_, at) => {
      const private_ = answer.offices[at];
      return (
        private_ !== undefined &&
        public_.outcome === private_.outcome &&
        public_.commitment === toBase64Url(commitToOffice(private_.salt, private_.office))
      );
    });
  if (!matches) throw new ReceiptError('ERR_RECEIPT_ANSWER', 'the answer does not open the receipt');
}
