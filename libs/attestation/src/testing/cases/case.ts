import { pem, testTimeMs } from '../chain-writer';
import { pcr, testNonce, writeDocument, type Edits } from '../document-writer';
import type { TestCase, TestPolicy } from '../test-case';

export const hexOf = (value: Uint8Array) => Buffer.from(value).toString('hex');
export const base64Of = (value: Uint8Array) => Buffer.from(value).toString('base64');
/** The PCR values of the documents that the cases write. */
export const pcrHex = (index: number) => hexOf(pcr(0xa0 + index));

/** Returns one row of the table: a name, the expected result, and how document and policy differ from a valid pair. */
export function testCase(
  name: string,
  expected: TestCase['expected'],
  edits: Edits = {},
  policy: Partial<TestPolicy> = {},
): TestCase {
  const { document, rootDer } = writeDocument(edits);
  return {
    name,
    expected,
    documentBase64: base64Of(document),
    policy: {
      acceptedMeasurements: [{ pcr0: pcrHex(0), pcr3: pcrHex(3) }],
      nonceBase64: base64Of(testNonce),
      maxAgeMs: 60_000,
      maxFutureSkewMs: 5_000,
      atMs: testTimeMs,
      rootPem: pem(rootDer),
      ...policy,
    },
  };
}
