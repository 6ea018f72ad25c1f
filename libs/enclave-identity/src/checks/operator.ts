import { checkOperator } from '@communique-tee/attestation/browser';
import { established, type Check, type Outcome } from '../check';

/**
 * Checks that the enclave runs under an accepted operator. PCR3 names the role of its parent instance. PCR0 names only the build,
 * and anyone with an AWS account can run it.
 */
export const operator = {
  name: 'operator',
  run(subject): Outcome {
    const { accepted } = subject.policy;
    const found =
      accepted === undefined ? 'not_compared' : checkOperator(established(subject, 'attestation').pcrs, accepted);
    if (found === 'not_compared') return { state: 'not_run', code: 'operator_not_compared' };
    subject.isAccepted = true;
    return found === 'any' ? { state: 'warning', code: 'any_operator' } : 'passed';
  },
} as const satisfies Check;
