import type {
  AttestationError,
  AttestationErrorCode,
  AttestationPolicy,
  unsafeTrustAnchorFromPem,
  VerifiedAttestation,
} from '../exports';

/** A document and its expected result, as plain data: the same case runs in Node and in a browser. */
export interface TestCase {
  name: string;
  documentBase64: string;
  policy: TestPolicy;
  expected: AttestationErrorCode | 'verified';
}

export interface TestPolicy {
  acceptedMeasurements: Record<string, string>[];
  /** null: the document was taken from a cache */
  nonceBase64: string | null;
  maxAgeMs: number;
  maxFutureSkewMs: number;
  atMs: number;
  /** null: the AWS root */
  rootPem: string | null;
}

export interface TestEntry {
  verifyAttestation(document: Uint8Array, policy: AttestationPolicy): Promise<VerifiedAttestation>;
  unsafeTrustAnchorFromPem: typeof unsafeTrustAnchorFromPem;
  AttestationError: typeof AttestationError;
}

/** Returns `verified`, the code of an AttestationError, or a text about any other error. Runs in Node and browsers. */
export async function outcomeOf(
  testCase: TestCase,
  entry: TestEntry,
  verify = entry.verifyAttestation,
): Promise<string> {
  try {
    await verify(fromBase64(testCase.documentBase64), policyOf(testCase.policy, entry));
    return 'verified';
  } catch (error) {
    return error instanceof entry.AttestationError ? error.code : `not an AttestationError: ${String(error)}`;
  }
}

export function policyOf(policy: TestPolicy, entry: Pick<TestEntry, 'unsafeTrustAnchorFromPem'>): AttestationPolicy {
  return {
    acceptedMeasurements: policy.acceptedMeasurements as unknown as AttestationPolicy['acceptedMeasurements'],
    freshness:
      policy.nonceBase64 === null ? { documentTakenFromCache: true } : { nonce: fromBase64(policy.nonceBase64) },
    maxAgeMs: policy.maxAgeMs,
    maxFutureSkewMs: policy.maxFutureSkewMs,
    at: new Date(policy.atMs),
    ...(policy.rootPem !== null && { trustAnchor: entry.unsafeTrustAnchorFromPem(policy.rootPem) }),
  };
}

export function fromBase64(text: string): Uint8Array {
  const characters = atob(text);
  // Uint8Array.from is six times slower on a string, and tests read many documents.
  const bytes = new Uint8Array(characters.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = characters.charCodeAt(index);
  return bytes;
}
