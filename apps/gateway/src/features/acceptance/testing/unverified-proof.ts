import { createHash, randomBytes } from 'node:crypto';
import type { SubmittedProof } from '../submission';

const bytes = () => new Uint8Array(randomBytes(32));

/** Random bytes in place of a proof: acceptance does not verify proofs, because the gateway has already verified them. */
export function unverifiedProof(over: Partial<SubmittedProof> = {}): SubmittedProof {
  return { nullifier: bytes(), messageInput: bytes(), statusSha256: bytes(), ...over };
}

/** A status secret in base64url, and its SHA-256. */
export function statusSecret(): { readonly secret: string; readonly statusSha256: Uint8Array<ArrayBuffer> } {
  const secret = randomBytes(32);
  return {
    secret: secret.toString('base64url'),
    statusSha256: new Uint8Array(createHash('sha256').update(secret).digest()),
  };
}
