import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { allCases, fromBase64, policyOf } from '@communique-tee/attestation/testing';
import * as browserEntry from './browser';
import { failedCheck } from './exports';
import * as nodeEntry from './index';

describe.each([
  ['node:crypto', nodeEntry],
  ['WebCrypto', browserEntry],
])('an examination over %s', (_, { examineEnclave }) => {
  it('fails every forged document with the code that verifyAttestation throws', async () => {
    for (const { name, documentBase64, policy, expected } of allCases()) {
      const { checks, claims } = await examineEnclave(
        { document: fromBase64(documentBase64) },
        { ...policyOf(policy, { unsafeTrustAnchorFromPem }), keyBindingOptional: true },
      );
      expect([name, failedCheck(checks)?.code ?? 'verified']).toEqual([name, expected]);
      expect([name, claims !== undefined]).toEqual([name, expected === 'verified']);
    }
  });
});
