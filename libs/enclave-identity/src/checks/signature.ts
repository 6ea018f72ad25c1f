import { established, type Check, type Outcome } from '../check';

/** Checks that the key of the last certificate signed the protected header and the payload. */
export const signature = {
  name: 'signature',
  async run(subject): Promise<Outcome> {
    const { steps } = subject.primitives;
    subject.attestation = await steps.signature(established(subject, 'read'), established(subject, 'chain'));
    return 'passed';
  },
} as const satisfies Check;
