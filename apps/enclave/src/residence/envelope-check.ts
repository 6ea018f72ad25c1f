import { toHex, type ProvenEnvelope } from '@communique-tee/protocol';
import {
  checkWindow,
  messageInput,
  openRootNote,
  ResidenceNoteError,
  VERIFICATION_KEY_SHA256,
  type Registrar,
  type RootNote,
} from '@communique-tee/residence';
import { VerifierBusyError, type Verifier } from '@communique-tee/residence/verifier';
import { ProblemError } from '../runtime/problem-error';

/**
 * Returns a function that makes those checks of a proof of residence that need no decryption: the circuit, the root note, then the proof.
 * The proof must be for the note's root, the nullifier in the header, the claim, and exactly these sealed bytes with their status hash.
 */
export function envelopeCheck(registrar: Registrar, verifier: Pick<Verifier, 'verify'>, nowSeconds: () => number) {
  return async ({ sealed, residence }: ProvenEnvelope, sealedBytes: Uint8Array): Promise<void> => {
    if (toHex(residence.verificationKeySha256) !== VERIFICATION_KEY_SHA256) throw new ProblemError('circuit_retired');
    const { root, notAfter } = openRoot(residence.rootNote, registrar, nowSeconds());
    if (sealed.expiresAtSeconds > notAfter) throw new ProblemError('root_not_accepted');
    // Never absent: decodeEnvelope refuses a proof without a nullifier
    const nullifier = sealed.nullifier ?? new Uint8Array();
    const message = messageInput(residence.statusSha256, sealedBytes);
    const publicInputs = { root, nullifier, claim: residence.claim, message };
    const { valid } = await verifier.verify(publicInputs, residence.proof).catch((error: unknown) => {
      if (error instanceof VerifierBusyError) throw new ProblemError('enclave_busy', { retryAfterSeconds: 2 });
      throw error;
    });
    if (!valid) throw new ProblemError('proof_invalid');
  };
}

function openRoot(note: string, registrar: Registrar, nowSeconds: number): RootNote {
  try {
    const root = openRootNote(note, registrar);
    checkWindow(root, nowSeconds);
    return root;
  } catch (error) {
    if (error instanceof ResidenceNoteError) throw new ProblemError('root_not_accepted');
    throw error;
  }
}
