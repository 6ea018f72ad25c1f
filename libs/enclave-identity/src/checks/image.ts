import { checkMeasurements } from '@communique-tee/attestation/browser';
import { established, type Check } from '../check';

/** Checks that the measurements are those of an accepted image. */
export const image = {
  name: 'image',
  run(subject) {
    const { accepted } = subject.policy;
    if (accepted === undefined) return { state: 'not_run', code: 'image_not_compared' };
    checkMeasurements(established(subject, 'attestation').pcrs, accepted);
    return 'passed';
  },
} as const satisfies Check;
