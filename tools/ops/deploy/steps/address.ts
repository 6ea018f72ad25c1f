import * as z from 'zod';
import { parentGroup } from '../rollout/group';
import { deployCommand, StepFailure, type Step } from '../step';

/** The first step of `--address-only`. The House's registration takes weeks, and needs the address that the whole stack will have. */
export const addressOnly: Step = {
  name: 'address-only',
  title: 'set addressOnly in Pulumi.<stack>.yaml: the stack then has only its registered address',
  byHand: ['pulumi config set addressOnly true --stack <stack>'],
  async run(deployment) {
    const { arn } = await deployment.account();
    deployment.say(`${arn} in ${deployment.options.region}`);
    if (deployment.options.stackFile.values.get('addressOnly') === 'true') {
      deployment.say('addressOnly is set already');
      return;
    }
    if ((await parentGroup(deployment, `communique-tee-${deployment.stack}-parent`)) !== undefined)
      throw new StepFailure(
        'this stack has its parents already, and --address-only would remove everything but the address',
        [`Its address: pulumi stack output addressForTheHouse --stack ${deployment.stack}`],
      );
    const { code } = await deployment.pulumi(['config', 'set', 'addressOnly', 'true', '--stack', deployment.stack]);
    deployment.heed();
    if (code !== 0) throw new StepFailure('pulumi config set failed; the reason is above');
  },
};

const outputs = z.object({
  addressForTheHouse: z.string().max(64).optional(),
  addressesForTheHouse: z.array(z.string().max(64)).max(8).optional(),
});

export const address: Step = {
  name: 'address',
  title: 'print the address for the House, and the next steps',
  byHand: ['pulumi stack output addressForTheHouse --stack <stack>'],
  async run(deployment) {
    const { stack, ports } = deployment;
    const read = outputs.safeParse(await deployment.outputsAsTheyAre());
    const { addressForTheHouse: one, addressesForTheHouse: several } = read.data ?? {};
    const addresses = several ?? (one === undefined ? [] : [one]);
    if (addresses.length === 0)
      throw new StepFailure('the stack has no address among its outputs', [], { goOn: ['--address-only'] });
    ports.out(
      `\nFor the House   ${addresses.join(', ')}\n\nSend it to CWCVendors@mail.house.gov for the list of sources. It stays when the whole stack is made:\n  pulumi config rm addressOnly --stack ${stack}\n  ${deployCommand(stack)}\n`,
    );
  },
};
