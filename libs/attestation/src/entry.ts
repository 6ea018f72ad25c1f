import type { AttestationPolicy } from './policy';
import type { AttestationPrimitives } from './primitives/primitives';
import { SignatureCache } from './signature-cache';
import type { VerifiedAttestation } from './verified';
import { verify } from './verify';

export interface AttestationVerifier {
  /** As `verifyAttestation`: dates, flags, measurements and freshness are checked every time. */
  verify(document: Uint8Array, policy: AttestationPolicy): Promise<VerifiedAttestation>;
}

export interface AttestationVerifierOptions {
  /** how many certificate signatures are remembered, one per certificate below the root; default 256 */
  maxCachedSignatures?: number;
}

/** The two functions that both entries export, over one set of primitives. */
export function createEntry(primitives: AttestationPrimitives) {
  return {
    verifyAttestation: (document: Uint8Array, policy: AttestationPolicy): Promise<VerifiedAttestation> =>
      verify(document, policy, primitives),
    createAttestationVerifier: (options: AttestationVerifierOptions = {}): AttestationVerifier => {
      const cache = new SignatureCache(options.maxCachedSignatures ?? 256);
      return { verify: (document, policy) => verify(document, policy, primitives, cache) };
    },
  };
}
