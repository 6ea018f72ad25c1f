import { checkAge, checkDebugMode, checkMeasurements, checkNonce, checkOperator } from './claims';
import { parseDocument, type AttestationDocument } from './document';
import { AttestationError } from './errors';
import { toHex } from './hex';
import { checkPolicy, type AttestationPolicy, type CheckedPolicy } from './policy';
import type { AttestationPrimitives } from './primitives/primitives';
import { checkAlgorithm, parseCoseSign1, signedBytes, type CoseSign1 } from './sign1';
import { RememberedDocuments } from './remembered-documents';
import { SignatureCache } from './signature-cache';
import { parseCertificate, summarizeCertificate, type CertificateSummary } from './x509/certificate';
import { verifyChain, type VerifiedChain } from './x509/chain';

/** The claims of an authentic document. Byte arrays are copies. `verify` returns the claims only if every check passed. */
export interface VerifiedAttestation {
  /** `i-<instance>-enc<enclave>` */
  moduleId: string;
  /** when the Nitro hypervisor made the document */
  timestampMs: number;
  /** every PCR of the document, by index */
  pcrs: ReadonlyMap<number, Uint8Array>;
  /** 96 hexadecimal digits */
  pcr0: string;
  /** Hash of the parent instance's role, which identifies the operator. 96 hexadecimal digits. Absent if the parent has no role. */
  pcr3?: string;
  /** at most 1024 bytes */
  publicKey?: Uint8Array;
  /** at most 4096 bytes */
  userData?: Uint8Array;
  /** at most 4096 bytes */
  nonce?: Uint8Array;
  /** Names of signed fields that this library does not know. Do not rely on them. */
  unknownFields: readonly string[];
  leafNotBeforeMs: number;
  leafNotAfterMs: number;
  /** root first, leaf last */
  certificates: readonly CertificateSummary[];
  /** SHA-256 of the document as received, 32 bytes */
  documentSha256: Uint8Array;
}

/** A well-formed document with the required algorithms. It is not verified. */
export interface ReadAttestation {
  readonly content: AttestationDocument;
  readonly sign1: CoseSign1;
  /** SHA-256 of the document as received, 32 bytes */
  readonly documentSha256: Uint8Array;
}

/**
 * The steps that show whether a document is authentic. They are separate because libs/enclave-identity reports the result of each. An
 * authentic document can come from any image and have any age; `claims.ts` checks both. A step that fails throws an AttestationError.
 */
export interface AttestationSteps {
  /** Checks structure, algorithm and digest. */
  read(document: Uint8Array): Promise<ReadAttestation>;
  /** Checks the chain from the pinned root down to the certificate that signed the document. */
  chain(read: ReadAttestation, policy: Pick<CheckedPolicy, 'anchor' | 'atMs'>): Promise<VerifiedChain>;
  signature(read: ReadAttestation, chain: VerifiedChain): Promise<VerifiedAttestation>;
}

export interface AttestationVerifier {
  /** Verifies as `verifyAttestation` does, but remembers valid signatures. All other checks run every time. */
  verify(document: Uint8Array, policy: AttestationPolicy): Promise<VerifiedAttestation>;
  readonly steps: AttestationSteps;
}

export interface AttestationVerifierOptions {
  /** How many certificates with a valid signature are remembered, the root included. Default: 256. */
  maxCachedSignatures?: number;
  /**
   * How many documents with a valid signature are remembered, for a caller that gets the same document with every receipt. Default: 0.
   */
  maxRememberedDocuments?: number;
}

/** Returns a verifier that remembers which certificates and documents had a valid signature. */
export function createVerifier(
  primitives: AttestationPrimitives,
  options: AttestationVerifierOptions = {},
): AttestationVerifier {
  const steps = stepsOf(
    primitives,
    new SignatureCache(options.maxCachedSignatures ?? 256),
    new RememberedDocuments(options.maxRememberedDocuments ?? 0),
  );
  return { steps, verify: (document, policy) => verify(document, policy, steps) };
}

/** Makes all checks in their order (../README.md). Returns the claims only if every check passed. */
export async function verify(
  document: Uint8Array,
  policy: AttestationPolicy,
  steps: AttestationSteps,
): Promise<VerifiedAttestation> {
  const checked = checkPolicy(policy);
  const read = await steps.read(document);
  const attestation = await steps.signature(read, await steps.chain(read, checked));
  checkDebugMode(attestation.pcrs);
  checkMeasurements(attestation.pcrs, checked.accepted);
  checkOperator(attestation.pcrs, checked.accepted);
  if (checked.nonce) checkNonce(attestation.nonce, checked.nonce);
  checkAge(attestation.timestampMs, checked);
  return attestation;
}

export function stepsOf(
  primitives: AttestationPrimitives,
  cache?: SignatureCache,
  remembered?: RememberedDocuments,
): AttestationSteps {
  return {
    async read(document) {
      if (!(document instanceof Uint8Array)) throw new AttestationError('ERR_ATTESTATION_COSE', 'not a Uint8Array');
      const sign1 = parseCoseSign1(document);
      const content = parseDocument(sign1.payload);
      const documentSha256 = await primitives.sha256(document);
      checkAlgorithm(sign1);
      if (content.digest !== 'SHA384') throw new AttestationError('ERR_ATTESTATION_DIGEST');
      return { content, sign1, documentSha256 };
    },

    chain: ({ content }, { anchor, atMs }) =>
      verifyChain({ cabundle: content.cabundle, leaf: content.certificate, anchor, atMs, primitives, cache }),

    async signature({ content, sign1, documentSha256 }, chain) {
      if (remembered?.has(documentSha256) !== true) {
        if (!(await chain.verify(signedBytes(sign1.protectedHeader, sign1.payload), sign1.signature)))
          throw new AttestationError('ERR_ATTESTATION_SIGNATURE');
        remembered?.add(documentSha256);
      }
      return {
        moduleId: content.moduleId,
        timestampMs: content.timestampMs,
        pcrs: content.pcrs,
        pcr0: toHex(content.pcrs.get(0) ?? new Uint8Array()),
        ...operatorOf(content.pcrs),
        ...(content.publicKey && { publicKey: content.publicKey }),
        ...(content.userData && { userData: content.userData }),
        ...(content.nonce && { nonce: content.nonce }),
        unknownFields: content.unknownFields,
        leafNotBeforeMs: chain.leaf.notBeforeMs,
        leafNotAfterMs: chain.leaf.notAfterMs,
        certificates: chain.certificates.map(summarizeCertificate),
        documentSha256,
      };
    },
  };
}

function operatorOf(pcrs: ReadonlyMap<number, Uint8Array>): { pcr3?: string } {
  const pcr3 = pcrs.get(3);
  return pcr3?.some((byte) => byte !== 0) === true ? { pcr3: toHex(pcr3) } : {};
}

export interface UnverifiedAttestation extends AttestationDocument {
  /** root first, leaf last */
  certificates: readonly CertificateSummary[];
}

/**
 * Returns the claims of a document, to show them to a person. They are not verified: anyone can write such a document.
 *
 * @throws AttestationError of the step "structure", or for a certificate that cannot be read
 */
export function readAttestation_unverified(document: Uint8Array): UnverifiedAttestation {
  const content = parseDocument(parseCoseSign1(document).payload);
  return {
    ...content,
    certificates: [...content.cabundle, content.certificate].map((der) => summarizeCertificate(parseCertificate(der))),
  };
}
