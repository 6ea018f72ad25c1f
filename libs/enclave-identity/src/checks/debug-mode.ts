import { checkDebugMode } from '@communique-tee/attestation/browser';
import { established, type Check } from '../check';

/** Checks that the enclave does not run in debug mode, in which the operator could read its memory. */
export const debugMode = {
  name: 'debug_mode',
  run(subject) {
    checkDebugMode(established(subject, 'attestation').pcrs);
    return 'passed';
  },
} as const satisfies Check;
