import { established, type Check, type Outcome } from '../check';

/** Checks the certificates from the pinned root down: signature, issuer, dates and permitted use of each. */
export const chain = {
  name: 'chain',
  async run(subject): Promise<Outcome> {
    const { policy, primitives } = subject;
    subject.chain = await primitives.steps.chain(established(subject, 'read'), policy);
    return policy.ownRoot ? { state: 'warning', code: 'development_root' } : 'passed';
  },
} as const satisfies Check;
