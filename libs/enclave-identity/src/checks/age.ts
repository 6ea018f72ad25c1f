import { checkAge } from '@communique-tee/attestation/browser';
import { established, type Check } from '../check';

/** Checks that the document's time is within the policy's window. */
export const age = {
  name: 'age',
  run(subject) {
    checkAge(established(subject, 'attestation').timestampMs, subject.policy);
    return 'passed';
  },
} as const satisfies Check;
