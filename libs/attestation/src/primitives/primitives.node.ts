import { createPublicKey, hash, verify } from 'node:crypto';
import type { AttestationPrimitives } from './primitives';

export const nodePrimitives: AttestationPrimitives = {
  sha256: (bytes) => new Uint8Array(hash('sha256', bytes, 'buffer')),
  importP384(point) {
    const half = (from: number) => Buffer.from(point.buffer, point.byteOffset + from, 48).toString('base64url');
    const key = createPublicKey({ key: { kty: 'EC', crv: 'P-384', x: half(0), y: half(48) }, format: 'jwk' });
    return { verify: (message, signature) => verify('sha384', message, { key, dsaEncoding: 'ieee-p1363' }, signature) };
  },
};
