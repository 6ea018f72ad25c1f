import { established, type Check } from '../check';
import { EnclaveError } from '../errors';

/** Checks that the caller accepts the custody of the keys. */
export const custody = {
  name: 'custody',
  run(subject) {
    const { acceptedCustody } = subject.policy;
    if (subject.keys === undefined) return { state: 'not_run', code: 'key_binding_absent' };
    const attested = established(subject, 'keys').custody;
    if (acceptedCustody?.includes(attested) === false) throw new EnclaveError('custody_refused', attested);
    return 'passed';
  },
} as const satisfies Check;
