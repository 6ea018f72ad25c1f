import { established, type Check, type Outcome } from '../check';

/** Checks that, from the pinned root down, every certificate is signed by the one above it and is within its dates and rights. */
export const chain = {
  name: 'chain',
  async run(subject): Promise<Outcome> {
    const { policy, primitives } = subject;
    subject.chain = await primitives.steps.chain(established(subject, 'read'), policy);
    return policy.ownRoot ? { state: 'warning', code: 'development_root' } : 'passed';
  },
} as const satisfies Check;
