import { ed25519 } from '@noble/curves/ed25519.js';
import type { VerifierKey } from './note-keys';

export const SIGNATURE_BYTES = 64;

/**
 * Whether this is the key's Ed25519 signature of the text. RFC 8032 section 5.1.7 lets verifiers differ about some signatures, which only
 * the holder of the key can make. Every implementation of this type decides as Node's OpenSSL does: it accepts only canonical points and
 * scalars, does not multiply by the cofactor, and refuses points of small order.
 */
export type SignatureCheck = (signature: Uint8Array, text: Uint8Array, key: VerifierKey) => boolean;

/** Checks a signature in JavaScript, on every platform, in about 3 ms. */
export const checkSignature: SignatureCheck = (signature, text, { publicKey }) => {
  if (signature.length !== SIGNATURE_BYTES || !ed25519.verify(signature, text, publicKey, { zip215: false }))
    return false;
  // `verify` multiplies by the cofactor, which makes no difference if both points are in the group of prime order. note-keys.ts
  // has checked the key's point, so this checks only the signature's point. Like Node, it refuses the neutral point.
  const point = ed25519.Point.fromBytes(signature.subarray(0, SIGNATURE_BYTES / 2), false);
  return !point.isSmallOrder() && point.isTorsionFree();
};
