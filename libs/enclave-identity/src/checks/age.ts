import { checkAge } from '@communique-tee/attestation/browser';
import { established, type Check } from '../check';

/** The document was made about now. */
export const age = {
  name: 'age',
  run(subject) {
    checkAge(established(subject, 'attestation').timestampMs, subject.policy);
    return 'passed';
  },
} as const satisfies Check;
