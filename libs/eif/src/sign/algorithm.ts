import type { KeyObject } from 'node:crypto';

/**
 * An ECDSA algorithm of COSE (RFC 9053, section 2.1). The curve of the key decides which. AWS's README allows three ("Background on COSE
 * Sign1 and usage in EIF").
 */
export interface Algorithm {
  readonly name: 'ES256' | 'ES384' | 'ES512';
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  /** r || s */
  readonly signatureBytes: number;
  /** The protected header, the map {1: -7}, {1: -35} or {1: -36} in CBOR. */
  readonly header: Uint8Array;
}

const byCurve: Readonly<Record<string, Algorithm>> = {
  prime256v1: { name: 'ES256', hash: 'sha256', signatureBytes: 64, header: Uint8Array.of(0xa1, 0x01, 0x26) },
  secp384r1: { name: 'ES384', hash: 'sha384', signatureBytes: 96, header: Uint8Array.of(0xa1, 0x01, 0x38, 0x22) },
  secp521r1: { name: 'ES512', hash: 'sha512', signatureBytes: 132, header: Uint8Array.of(0xa1, 0x01, 0x38, 0x23) },
};

/** @returns undefined for a key of another kind or on another curve */
export function algorithmOf(key: KeyObject): Algorithm | undefined {
  return byCurve[key.asymmetricKeyDetails?.namedCurve ?? ''];
}

/** @returns the algorithm whose protected header has exactly these bytes, or undefined for any other header */
export function algorithmOfHeader(header: Uint8Array): Algorithm | undefined {
  return Object.values(byCurve).find((algorithm) => Buffer.compare(algorithm.header, header) === 0);
}
