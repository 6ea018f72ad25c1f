import { StepFailure, type Step } from '../step';

/** The refresh moved the group outside Pulumi: the next plain pulumi up has to find what AWS has. */
export const state: Step = {
  name: 'state',
  title: 'let Pulumi’s state know the version that the group is on now',
  byHand: ['pulumi refresh --stack <stack> --target "**communique-tee-<stack>-parent"'],
  async run(deployment) {
    const { stack, moved } = deployment;
    if (!moved) {
      deployment.say('nothing was moved');
      return;
    }
    const group = `urn:pulumi:${stack}::communique-tee::**aws:autoscaling/group:Group::communique-tee-${stack}-parent`;
    const { code } = await deployment.pulumi([
      ...['refresh', '--stack', stack, '--yes', '--skip-preview', '--target', group],
    ]);
    deployment.heed();
    if (code !== 0)
      throw new StepFailure(
        'pulumi refresh failed; why is above. The service runs: the next pulumi up would put the group on the same version once more',
        [],
        { goOn: ['--from', 'verify'] },
      );
  },
};
