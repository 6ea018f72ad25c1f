import { runOwn } from '../own-commands';
import { StepFailure, type Step } from '../step';

export const preflight: Step = {
  name: 'preflight',
  title: 'check this machine, the account, names and stores; a FAIL stops here',
  byHand: ['npm run ops -- preflight --stack <stack>'],
  async run(deployment) {
    const { stack, options } = deployment;
    const skip = options.skipChecks === undefined ? [] : ['--skip', options.skipChecks];
    const { code } = await runOwn(deployment, 'ops', ['preflight', '--stack', stack, '--before', 'up', ...skip]);
    if (code !== 0)
      throw new StepFailure('preflight has failures', [
        'Follow the instructions below each FAIL above; warnings may stay.',
      ]);
  },
};

/** The rules are in infra/src/rules. */
export const rules: Step = {
  name: 'rules',
  title: 'check the planned resources against the rules',
  byHand: ['npm run ops -- check --stack <stack>'],
  async run(deployment) {
    const { code } = await runOwn(deployment, 'ops', ['check', '--stack', deployment.stack]);
    if (code !== 0) throw new StepFailure('a planned resource breaks a rule; the rule is named above');
  },
};
