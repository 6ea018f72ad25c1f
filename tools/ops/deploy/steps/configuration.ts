import { StepFailure, type Step } from '../step';

/** Runs first, before any step that takes minutes. */
export const configuration: Step = {
  name: 'configuration',
  title: 'read Pulumi.<stack>.yaml, and ask AWS who runs this',
  byHand: ['npm run ops -- preview --stack <stack> --without-image'],
  async run(deployment) {
    if (deployment.options.stackFile.values.get('addressOnly') === 'true')
      throw new StepFailure('the stack’s file has addressOnly: the stack has only its registered address', [
        `For the whole stack, which keeps that address: pulumi config rm addressOnly --stack ${deployment.stack}`,
      ]);
    const { architecture, instanceType, instances } = await deployment.plan();
    const { arn } = await deployment.account();
    deployment.say(`${arn} in ${deployment.options.region}: ${String(instances)} x ${instanceType} (${architecture})`);
  },
};
