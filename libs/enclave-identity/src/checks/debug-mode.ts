import { checkDebugMode } from '@communique-tee/attestation/browser';
import { established, type Check } from '../check';

/** The enclave is measured: the operator can read the memory of one in debug mode. */
export const debugMode = {
  name: 'debug_mode',
  run(subject) {
    checkDebugMode(established(subject, 'attestation').pcrs);
    return 'passed';
  },
} as const satisfies Check;
