import { deployCommand, StepFailure, type Step } from '../step';

const withRefresh = (refresh: boolean): string[] => (refresh ? ['--refresh'] : []);

export const preview: Step = {
  name: 'preview',
  title: 'show what Pulumi would make, change and remove, and ask',
  byHand: ['pulumi preview --stack <stack>'],
  async run(deployment) {
    const { stack, ports, options } = deployment;
    const { code } = await deployment.pulumi(['preview', '--stack', stack, ...withRefresh(options.refresh)]);
    deployment.heed();
    if (code !== 0) throw new StepFailure('pulumi preview failed; the reason is above. Nothing was changed');
    if (!options.yes) {
      const agreed = await ports.ask?.(`\nMake these changes in stack ${stack}?`);
      deployment.heed();
      if (agreed !== true)
        throw new StepFailure('not agreed to. Nothing was changed', [], {
          goOn: ['--from', 'preview'],
          declined: true,
        });
    }
    deployment.previewed = true;
  },
};

export const up: Step = {
  name: 'up',
  title: 'apply the changes: pulumi up; the first one waits until the parents’ enclaves are attested',
  byHand: ['pulumi up --stack <stack>'],
  async run(deployment) {
    const { stack, options, previewed } = deployment;
    const args = ['up', '--stack', stack, '--yes', ...withRefresh(options.refresh)];
    const { code } = await deployment.pulumi(previewed ? [...args, '--skip-preview'] : args);
    const goOn = ['--from', 'preview', '--refresh'];
    deployment.heed([
      'Pulumi was interrupted too: its state, or its message above, records what it had begun.',
      'If it was killed, release its lock first: pulumi cancel --stack ' + stack,
      `Continue with: ${deployCommand(stack, ...goOn)}`,
    ]);
    if (code !== 0)
      throw new StepFailure(
        'pulumi up failed; the reason is above, and its state records what it had made',
        [
          'Remove the cause. If a parent was never attested, its log tells why: log group /communique-tee/' +
            `${stack}/parent, or docs/operator/instances.md.`,
        ],
        { goOn },
      );
    deployment.forgetOutputs();
  },
};
