/** The steps of a verification, in their order. */
export const attestationSteps = [
  'policy',
  'structure',
  'algorithm',
  'digest',
  'chain',
  'signature',
  'measurements',
  'freshness',
] as const;
export type AttestationStep = (typeof attestationSteps)[number];

/** The step and a text for each code. Codes are stable; texts are not. ../README.md lists the source of each rule. */
const table = {
  // These are not failures of the document.
  ERR_ATTESTATION_POLICY: ['policy', 'the policy is not usable'],
  ERR_ATTESTATION_TRUST_ANCHOR: ['policy', 'the trust anchor is not usable'],
  ERR_ATTESTATION_UNSUPPORTED: [
    'policy',
    'this platform offers no WebCrypto (a browser offers it in secure contexts only)',
  ],

  ERR_ATTESTATION_TOO_LARGE: ['structure', 'the document is larger than any real one can be'],
  ERR_ATTESTATION_CBOR: ['structure', 'the bytes are not strict CBOR'],
  ERR_ATTESTATION_CBOR_TRAILING: ['structure', 'there are bytes after the end of the CBOR item'],
  ERR_ATTESTATION_CBOR_LIMIT: ['structure', 'the CBOR is nested too deeply or has too many items'],
  ERR_ATTESTATION_CBOR_INDEFINITE: ['structure', 'an indefinite length is used where none is allowed'],
  ERR_ATTESTATION_CBOR_DUPLICATE_KEY: ['structure', 'a map has the same key twice'],
  ERR_ATTESTATION_CBOR_TAG: ['structure', 'there is a CBOR tag other than a single tag 18 around the whole document'],
  ERR_ATTESTATION_COSE: ['structure', 'the document is not a COSE_Sign1'],
  ERR_ATTESTATION_FIELD_MISSING: ['structure', 'a mandatory field is missing'],
  ERR_ATTESTATION_FIELD_UNKNOWN: ['structure', 'a field has a name that is not text'],
  ERR_ATTESTATION_FIELD_TYPE: ['structure', 'a field has the wrong type'],
  ERR_ATTESTATION_FIELD_LENGTH: ['structure', 'a field is too short or too long'],
  ERR_ATTESTATION_TIMESTAMP: ['structure', 'the timestamp is no positive number of milliseconds'],
  ERR_ATTESTATION_PCR_COUNT: ['structure', 'the number of PCRs is not within 1 to 32'],
  ERR_ATTESTATION_PCR_INDEX: ['structure', 'a PCR index is not within 0 to 31'],
  ERR_ATTESTATION_PCR_LENGTH: ['structure', 'the length of a PCR is not 32, 48 or 64 bytes'],
  ERR_ATTESTATION_CABUNDLE_LENGTH: ['structure', 'the bundle of CA certificates is empty or too long'],

  ERR_ATTESTATION_ALGORITHM: ['algorithm', 'the protected header is not exactly the algorithm ES384'],
  ERR_ATTESTATION_UNPROTECTED_HEADER: ['algorithm', 'the unprotected header is not empty'],

  ERR_ATTESTATION_DIGEST: ['digest', 'the digest of the PCRs is not SHA384'],

  ERR_ATTESTATION_ROOT: ['chain', 'the first certificate of the bundle is not the trusted root'],
  ERR_ATTESTATION_CERTIFICATE: ['chain', 'a certificate is not well-formed DER of X.509 version 3'],
  ERR_ATTESTATION_CERTIFICATE_ALGORITHM: ['chain', 'a certificate is not signed with ecdsa-with-SHA384'],
  ERR_ATTESTATION_CERTIFICATE_KEY: ['chain', 'the key of a certificate is no uncompressed P-384 point'],
  ERR_ATTESTATION_CERTIFICATE_EXTENSION: ['chain', 'a certificate has a critical extension that is not understood'],
  ERR_ATTESTATION_CERTIFICATE_ISSUER: ['chain', 'a certificate names another issuer than the certificate above it'],
  ERR_ATTESTATION_CERTIFICATE_SIGNATURE: ['chain', 'a certificate was not signed by the certificate above it'],
  ERR_ATTESTATION_CERTIFICATE_NOT_YET_VALID: ['chain', 'a certificate was not valid yet'],
  ERR_ATTESTATION_CERTIFICATE_EXPIRED: ['chain', 'a certificate had expired'],
  ERR_ATTESTATION_CERTIFICATE_NOT_CA: ['chain', 'a certificate of the bundle is not a CA'],
  ERR_ATTESTATION_CERTIFICATE_LEAF_IS_CA: ['chain', 'the certificate that signed the document is a CA'],
  ERR_ATTESTATION_CERTIFICATE_PATH_LENGTH: ['chain', 'there are more CAs below a certificate than it allows'],
  ERR_ATTESTATION_CERTIFICATE_KEY_USAGE: [
    'chain',
    'the key usage of a certificate does not allow the signature that it made',
  ],

  ERR_ATTESTATION_SIGNATURE: ['signature', 'the signature of the document is wrong'],

  ERR_ATTESTATION_DEBUG: ['measurements', 'the enclave runs in debug mode: PCR0, 1 or 2 is zero'],
  ERR_ATTESTATION_PCR_MISSING: ['measurements', 'PCR0, 1 or 2 is not in the document'],
  ERR_ATTESTATION_MEASUREMENT: ['measurements', 'the image is none of the accepted ones'],
  ERR_ATTESTATION_OPERATOR: ['measurements', 'the image is accepted, but not under the operator that runs it'],
  ERR_ATTESTATION_OPERATOR_UNNAMED: [
    'measurements',
    'PCR3 is zero: the parent instance has no role, so no operator is named. The operator has to attach a role and start the enclave again',
  ],
  ERR_ATTESTATION_INSTANCE: ['measurements', 'the enclave runs on another parent instance than the accepted one'],

  ERR_ATTESTATION_NONCE_MISSING: ['freshness', 'the document carries no nonce'],
  ERR_ATTESTATION_NONCE: ['freshness', 'the nonce is not the one that was asked for'],
  ERR_ATTESTATION_TOO_OLD: ['freshness', 'the document is older than the policy allows'],
  ERR_ATTESTATION_FROM_FUTURE: ['freshness', 'the document is from the future'],
} as const satisfies Record<string, readonly [AttestationStep, string]>;

export type AttestationErrorCode = keyof typeof table;
export const attestationErrorCodes = Object.keys(table) as AttestationErrorCode[];

/**
 * The error that every function of this library throws. `code` is stable, `step` names the step that failed, `detail` is for people.
 */
export class AttestationError extends Error {
  override readonly name = 'AttestationError';
  readonly code: AttestationErrorCode;
  readonly step: AttestationStep;
  /** The index of the certificate that failed, 0 for the root. Only the step `chain` sets it, if one certificate failed. */
  readonly certificate: number | undefined;

  constructor(code: AttestationErrorCode, detail?: string, cause?: unknown, certificate?: number) {
    const [step, text] = table[code];
    super(detail === undefined ? text : `${text}: ${detail}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.step = step;
    this.certificate = certificate;
  }
}
