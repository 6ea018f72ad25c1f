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
        // Makes no KeyObject: without a cache each key checks one signature, and a KeyObject would add a twentieth to the cost
        return verify(
          'sha384',
          message,
          key === undefined
            ? { key: jwk, format: 'jwk', dsaEncoding: 'ieee-p1363' }
            : { key, dsaEncoding: 'ieee-p1363' },
          signature,
        );
      },
    };
  },
};
