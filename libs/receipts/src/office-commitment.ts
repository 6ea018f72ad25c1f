import { sha256 } from '@noble/hashes/sha2.js';

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
