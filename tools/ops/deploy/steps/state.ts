import { StepFailure, type Step } from '../step';

/** The instance refresh moved the group outside Pulumi. This step updates Pulumi's state, so that a later pulumi up finds no difference. */
export const state: Step = {
  name: 'state',
  title: 'write the group’s new version into Pulumi’s state',
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
        'pulumi refresh failed; the reason is above. The service runs: the next pulumi up would only move the group to the same version again',
        [],
        { goOn: ['--from', 'verify'] },
      );
  },
};
