import { checkNonce } from '@communique-tee/attestation/browser';
import { established, type Check } from '../check';

/** Checks that the document has the caller's nonce. */
export const nonce = {
  name: 'nonce',
  run(subject) {
    const expected = subject.policy.nonce;
    if (expected === undefined) return { state: 'not_run', code: 'nonce_not_compared' };
    checkNonce(established(subject, 'attestation').nonce, expected);
    return 'passed';
  },
} as const satisfies Check;
