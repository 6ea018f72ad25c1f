import { AttestationError } from '../errors';
import type { AttestationPrimitives } from './primitives';

/** @throws AttestationError ERR_ATTESTATION_UNSUPPORTED at the first use in a page without WebCrypto (http:) */
export const webPrimitives: AttestationPrimitives = {
  async sha256(bytes) {
    return new Uint8Array(await subtle().digest('SHA-256', own(bytes)));
  },
  async importP384(point) {
    const uncompressed = new Uint8Array(97);
    uncompressed[0] = 0x04;
    uncompressed.set(point, 1);
    const key = await subtle().importKey('raw', uncompressed, { name: 'ECDSA', namedCurve: 'P-384' }, false, [
      'verify',
    ]);
    return {
      verify: (message, signature) =>
        subtle().verify({ name: 'ECDSA', hash: 'SHA-384' }, key, own(signature), own(message)),
    };
  },
};

function subtle(): typeof globalThis.crypto.subtle {
  const found = (globalThis as { crypto?: { subtle?: typeof globalThis.crypto.subtle } }).crypto?.subtle;
  if (!found) throw new AttestationError('ERR_ATTESTATION_UNSUPPORTED');
  return found;
}

/** Copies a view of a SharedArrayBuffer, which WebCrypto does not take. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
}
