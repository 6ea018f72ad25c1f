import { ed25519 } from '@noble/curves/ed25519.js';
import type { VerifierKey } from './note-keys';

export const SIGNATURE_BYTES = 64;

/**
 * Whether this is the key's Ed25519 signature of the text. RFC 8032 section 5.1.7 lets verifiers differ about signatures that only the
 * holder of a key can make. Every check decides as OpenSSL does in Node: it accepts only canonical points and scalars, does not multiply
 * with the cofactor, and refuses points of small order.
 */
export type SignatureCheck = (signature: Uint8Array, text: Uint8Array, key: VerifierKey) => boolean;

/** Checks a signature in JavaScript, on every platform, in some 3 ms. */
export const checkSignature: SignatureCheck = (signature, text, { publicKey }) => {
  if (signature.length !== SIGNATURE_BYTES || !ed25519.verify(signature, text, publicKey, { zip215: false }))
    return false;
  // `verify` multiplies with the cofactor. That makes no difference if both points are in the group of prime order. The key is; this
  // checks the signature's point. Node refuses the neutral point too
  const point = ed25519.Point.fromBytes(signature.subarray(0, SIGNATURE_BYTES / 2), false);
  return !point.isSmallOrder() && point.isTorsionFree();
};
