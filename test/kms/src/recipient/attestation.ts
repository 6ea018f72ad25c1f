import { createPublicKey } from 'node:crypto';
import {
  AttestationError,
  createAttestationVerifier,
  readAttestation_unverified,
  unsafeTrustAnchorFromPem,
  type UnverifiedAttestation,
} from '@communique-tee/attestation';
import { KmsFailure } from '../failure';

/** KMS accepts a document for five minutes (AWS KMS developer guide, "Cryptographic attestation"). */
const MAX_AGE_MS = 5 * 60_000;
/** AWS does not document how KMS treats a document from the future; this allows the same five minutes. */
const MAX_FUTURE_MS = 5 * 60_000;

/** The verified recipient of an answer. */
export interface AttestedRecipient {
  /** RSA-2048 SPKI in DER */
  publicKey: Uint8Array;
  /** Condition keys for policies: `kms:RecipientAttestation:ImageSha384` and `:PCR<n>` of each PCR, hexadecimal in lower case. */
  conditionKeys: Record<string, string>;
}

export interface RecipientVerifier {
  /** @throws KmsFailure ValidationException */
  verify(document: Uint8Array, nowMs: number): Promise<AttestedRecipient>;
}

/**
 * Returns a verifier of attestation documents.
 * @param trustAnchorPem the root to which documents must chain; never AWS's
 */
export function recipientVerifier(trustAnchorPem: string): RecipientVerifier {
  const trustAnchor = unsafeTrustAnchorFromPem(trustAnchorPem);
  const verifier = createAttestationVerifier();

  const check = async (document: Uint8Array, nowMs: number): Promise<UnverifiedAttestation> => {
    const claimed = readAttestation_unverified(document);
    const age = nowMs - claimed.timestampMs;
    try {
      // The key policy decides about measurements, so this check accepts the document's own.
      await verifier.verify(document, {
        acceptedMeasurements: [{ pcr0: measurement(claimed), operator: 'any' }],
        freshness: { documentTakenFromCache: true },
        maxAgeMs: MAX_AGE_MS,
        maxFutureSkewMs: MAX_FUTURE_MS,
        at: new Date(nowMs),
        trustAnchor,
      });
    } catch (error) {
      // The key policy has to refuse a debug enclave, not this check. The verifier stopped at the measurements, before it checked the age.
      if (!(error instanceof AttestationError && error.code === 'ERR_ATTESTATION_DEBUG')) throw error;
      if (age > MAX_AGE_MS) throw new AttestationError('ERR_ATTESTATION_TOO_OLD');
      if (age < -MAX_FUTURE_MS) throw new AttestationError('ERR_ATTESTATION_FROM_FUTURE');
    }
    return claimed;
  };

  return {
    async verify(document, nowMs) {
      let attestation: UnverifiedAttestation;
      try {
        attestation = await check(document, nowMs);
      } catch (error) {
        if (!(error instanceof AttestationError)) throw error;
        throw new KmsFailure('ValidationException', `The attestation document is not valid: ${error.code}`);
      }
      return { publicKey: recipientKey(attestation.publicKey), conditionKeys: conditionKeys(attestation.pcrs) };
    },
  };
}

/**
 * Returns PCR0 for the verifier's policy. The policy accepts no zeros, so `ff` replaces them. The verifier never compares this replacement,
 * because its debug check refuses the document first.
 */
function measurement({ pcrs }: UnverifiedAttestation): string {
  const pcr0 = hex(pcrs.get(0) ?? new Uint8Array());
  return /^0*$/.test(pcr0) || pcr0.length !== 96 ? 'f'.repeat(96) : pcr0;
}

function recipientKey(publicKey: Uint8Array | undefined): Uint8Array {
  if (!publicKey) throw new KmsFailure('ValidationException', 'The attestation document carries no public key.');
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
    const whole = key.export({ format: 'der', type: 'spki' }).equals(publicKey);
    if (whole && key.asymmetricKeyType === 'rsa' && key.asymmetricKeyDetails?.modulusLength === 2048) return publicKey;
  } catch {
    // reported below
  }
  throw new KmsFailure(
    'ValidationException',
    'The public key of the attestation document is not an RSA key of 2048 bits as SubjectPublicKeyInfo in DER.',
  );
}

function conditionKeys(pcrs: ReadonlyMap<number, Uint8Array>): Record<string, string> {
  const keys: Record<string, string> = {};
  for (const [index, value] of pcrs) {
    keys[`kms:RecipientAttestation:PCR${index}`] = hex(value);
    if (index === 0) keys['kms:RecipientAttestation:ImageSha384'] = hex(value);
  }
  return keys;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
