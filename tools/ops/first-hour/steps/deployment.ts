import * as z from 'zod';
import { failed, readAnswer } from '../read-answer';
import { notReached, proved, refuted, type Step } from '../step';

export const group = z.object({
  AutoScalingGroups: z.array(
    z.object({ Instances: z.array(z.object({ InstanceId: z.string(), LifecycleState: z.string() })).default([]) }),
  ),
});
export const addresses = z.object({
  Addresses: z.array(z.object({ PublicIp: z.string(), InstanceId: z.string().optional() })),
});
export const volumes = z.object({
  Volumes: z.array(z.object({ Attachments: z.array(z.object({ InstanceId: z.string(), State: z.string() })) })),
});
const events = z.object({ events: z.array(z.object({ message: z.string() })) });
const consoleOutput = z.object({ Output: z.string().optional() });

export const DESCRIBE_GROUP =
  'aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "communique-tee-$STACK-parent" --output json';
export const DESCRIBE_ADDRESS =
  'aws ec2 describe-addresses --filters "Name=tag:communique-tee:stack,Values=$STACK" --output json';
export const DESCRIBE_VOLUME =
  'aws ec2 describe-volumes --filters "Name=tag:Name,Values=communique-tee-$STACK-data" --output json';

/** Steps that make the stack and check the parent's address, volume and log. */
export const deployment: readonly Step[] = [
  {
    name: 'deploy',
    shows: 'AWS takes the whole stack, and the first enclave is attested within 40 minutes',
    assumption:
      'AWS may refuse what its API models do not describe (versions, parameters, KMS’s lockout check). The deployer may lack a right. Launch hook, address and volume may become ready in another order than assumed.',
    command: 'npm run deploy -- --stack "$STACK" --yes',
    expected: 'exit 0; the last lines name the address and the next steps',
    changes: 'makes the stack in your account. From here on it costs money',
    stack: 'makes',
    shown: true,
    judge: ({ code, stderr }) => {
      if (code === 0) return proved('deployed and verified from outside');
      if (code !== 1) return notReached('the deployment did not finish; run this again');
      return refuted(`step ${/FAILED: step ([a-z-]{1,32})\b/.exec(stderr)?.[1] ?? 'unknown'} of deploy failed`);
    },
  },
  {
    name: 'in-service',
    shows: 'an attested instance is in service',
    assumption:
      'CompleteLifecycleAction, with the instance’s own rights, has only been tested against a stand-in for AWS.',
    command: DESCRIBE_GROUP,
    expected: 'one instance, InService',
    judge: (ended) =>
      readAnswer(ended, 'autoscaling:DescribeAutoScalingGroups', group, ({ AutoScalingGroups: [found] }) => {
        if (found === undefined) return notReached('there is no group');
        const [instance] = found.Instances;
        if (instance === undefined) return refuted('the group has no instance');
        const facts = { INSTANCE: instance.InstanceId };
        return instance.LifecycleState === 'InService'
          ? proved('InService', facts)
          : {
              ...refuted(
                `the instance is ${/^[A-Za-z:]{1,40}$/.exec(instance.LifecycleState)?.[0] ?? 'in an unknown state'}`,
              ),
              facts,
            };
      }),
  },
  {
    name: 'launch-log',
    shows: 'the parent’s log reaches CloudWatch, and has the launch in it',
    assumption: 'The packages of Amazon Linux, CloudWatch’s agent and the rights on its logs have never run together.',
    command:
      'aws logs filter-log-events --log-group-name "/communique-tee/$STACK/parent" --filter-pattern \'{ $.event = "launch_completed" }\' --output json',
    expected: 'an event launch_completed with upSeconds',
    again: { everySeconds: 30, forMinutes: 3 },
    needs: ['INSTANCE'],
    judge: (ended) =>
      readAnswer(ended, 'logs:FilterLogEvents', events, ({ events: [event] }) => {
        if (event === undefined) return notReached('no such event in the log yet');
        const up = /"upSeconds":(\d{1,6})/.exec(event.message)?.[1];
        return up === undefined ? refuted('the event has no upSeconds') : proved(`attested ${up} s after the boot`);
      }),
  },
  {
    name: 'console',
    shows: 'a boot that fails before the agent starts can be read on the console',
    assumption:
      'AWS’s documents say that GetConsoleOutput shows cloud-init’s output; no instance of ours has shown it.',
    command: 'aws ec2 get-console-output --latest --instance-id "$INSTANCE" --output json',
    expected: 'text that contains cloud-init',
    needs: ['INSTANCE'],
    judge: (ended) =>
      readAnswer(ended, 'ec2:GetConsoleOutput', consoleOutput, ({ Output: text = '' }) => {
        if (text === '') return refuted('the console is empty');
        return /cloud-init/i.test(text) ? proved('cloud-init is on the console') : refuted('no word of cloud-init');
      }),
  },
  {
    name: 'address',
    shows: 'the Elastic IP is with the instance that is in service',
    assumption:
      'The parent takes the address by itself once its enclave is attested; how long AWS needs for it is not known.',
    command: DESCRIBE_ADDRESS,
    expected: 'one address, with InstanceId of the instance',
    needs: ['INSTANCE'],
    judge: (ended, { INSTANCE: instance }) =>
      readAnswer(ended, 'ec2:DescribeAddresses', addresses, ({ Addresses: [found] }) => {
        if (found === undefined) return notReached('there is no address with the stack’s tag');
        const facts = { ADDRESS: found.PublicIp };
        return found.InstanceId === instance
          ? proved('with the instance', facts)
          : { ...refuted(found.InstanceId === undefined ? 'with no instance' : 'with another instance'), facts };
      }),
  },
  {
    name: 'volume',
    shows: 'the data volume is attached to the instance',
    assumption: 'The disk’s name under /dev/disk/by-id, and the time until it appears, are taken from AWS’s documents.',
    command: DESCRIBE_VOLUME,
    expected: 'one volume, attached to the instance',
    needs: ['INSTANCE'],
    judge: (ended, { INSTANCE: instance }) =>
      readAnswer(ended, 'ec2:DescribeVolumes', volumes, ({ Volumes: [found] }) => {
        if (found === undefined) return notReached('the stack has no data volume (database: managed or external)');
        return found.Attachments.some(
          ({ InstanceId: holder, State: state }) => holder === instance && state === 'attached',
        )
          ? proved('attached to the instance')
          : refuted('not attached to the instance');
      }),
  },
];

/** Returns a judge that looks only at the command's exit code. */
export const endedWell =
  (action: string, words: string): Step['judge'] =>
  (ended) =>
    ended.code === 0 ? proved(words) : failed(ended, action);
