import {
  AttestationError,
  readAttestation_unverified,
  verifyAttestation,
  type VerifiedAttestation,
} from '@communique-tee/attestation';
import {
  ProtocolError,
  decodeSealedKeyMaker,
  encodeSealedKeyCore,
  encodeSealedKeyMaker,
  toHex,
  type SealedKeyCore,
} from '@communique-tee/protocol';
import { createHash } from 'node:crypto';
import type { KeyRequirements } from './key-requirements';
import { KeyRefused } from './refusal';

/** The most that the time of the maker's document may differ from the key record's `created`. */
export const MAKER_TOLERANCE_MS = 5 * 60_000;

/** Returns the `user_data` of the document that vouches for a key record with this core. */
export function makerData(core: SealedKeyCore): Uint8Array {
  return encodeSealedKeyMaker(coreSha256(core));
}

/**
 * Verifies that a document comes from an enclave of this image, not in debug mode. Checks the certificates at the document's own time,
 * because a leaf certificate lasts three hours and a key record eight days.
 * @throws AttestationError
 */
export function verifyOwnImage(
  document: Uint8Array,
  { pcr0, makerRoot }: Pick<KeyRequirements, 'pcr0' | 'makerRoot'>,
): Promise<VerifiedAttestation> {
  return verifyAttestation(document, {
    // KMS checks the operator, because the key's policy names the parent's role
    acceptedMeasurements: [{ pcr0: toHex(pcr0), operator: 'any' }],
    freshness: { documentTakenFromCache: true },
    maxAgeMs: 0,
    maxFutureSkewMs: 0,
    at: new Date(readAttestation_unverified(document).timestampMs),
    ...(makerRoot && { trustAnchor: makerRoot }),
  });
}

/**
 * Checks that an enclave of this image made this document for this core, when the key was created.
 * @throws KeyRefused `maker_refused`
 */
export async function checkMaker(
  core: SealedKeyCore,
  document: Uint8Array,
  requirements: KeyRequirements,
): Promise<void> {
  try {
    const { timestampMs, userData } = await verifyOwnImage(document, requirements);
    const isOfItsTime = Math.abs(timestampMs - core.created * 1000) <= MAKER_TOLERANCE_MS;
    const isOfThisKey = Buffer.compare(decodeSealedKeyMaker(userData ?? new Uint8Array()), coreSha256(core)) === 0;
    if (isOfItsTime && isOfThisKey) return;
  } catch (cause) {
    if (!(cause instanceof AttestationError || cause instanceof ProtocolError)) throw cause;
    throw new KeyRefused('maker_refused', { cause });
  }
  throw new KeyRefused('maker_refused');
}

function coreSha256(core: SealedKeyCore): Uint8Array {
  return createHash('sha256').update(encodeSealedKeyCore(core)).digest();
}
