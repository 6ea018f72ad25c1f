import { createPublicKey, hash, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { AttestationPrimitives } from './primitives';

export const nodePrimitives: AttestationPrimitives = {
  sha256: (bytes) => new Uint8Array(hash('sha256', bytes, 'buffer')),
  importP384(point) {
    const half = (from: number) => Buffer.from(point.buffer, point.byteOffset + from, 48).toString('base64url');
    const jwk: JsonWebKey = { kty: 'EC', crv: 'P-384', x: half(0), y: half(48) };
    let used = false;
    let key: KeyObject | undefined;
    return {
      verify(message, signature) {
        if (key === undefined && used) key = createPublicKey({ key: jwk, format: 'jwk' });
        used = true;
        // Making a KeyObject makes a check 5 % slower, so the first check uses the JWK. Without a cache there is no second check.
        return verify('sha384', message, key ?? { key: jwk, format: 'jwk' }, derSignature(signature));
      },
    };
  },
};

/**
 * Returns the ECDSA-Sig-Value (RFC 3279, section 2.2.3) of r || s. Node also accepts r || s itself, but then exports the key first, which
 * makes the check 5 % slower. For a signature that has not 96 bytes it returns an empty array, which verifies under no key.
 */
function derSignature(signature: Uint8Array): Uint8Array {
  if (signature.length !== 96) return new Uint8Array();
  const der = new Uint8Array(2 + 2 * 51);
  let end = 2;
  for (const half of [0, 48]) {
    let from = half;
    while (from < half + 47 && signature[from] === 0) from++;
    const length = half + 48 - from;
    const sign = (signature[from] ?? 0) >>> 7; // a leading zero byte keeps the number positive
    der[end] = 0x02;
    der[end + 1] = length + sign;
    der.set(signature.subarray(from, from + length), end + 2 + sign);
    end += 2 + sign + length;
  }
  der[0] = 0x30;
  der[1] = end - 2;
  return der.subarray(0, end);
}
