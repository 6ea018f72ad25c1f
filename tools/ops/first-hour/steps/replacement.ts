import { readAnswer } from '../read-answer';
import { notReached, proved, refuted, type Step } from '../step';
import { addresses, DESCRIBE_ADDRESS, DESCRIBE_GROUP, DESCRIBE_VOLUME, endedWell, group, volumes } from './deployment';

/** Steps in which the parent is lost, and a new instance takes over its address and its data. */
export const replacement: readonly Step[] = [
  {
    name: 'loss',
    shows: 'the group accepts the loss of its instance',
    assumption: 'The end of an instance has only been tested against a stand-in for AWS.',
    command:
      'aws autoscaling terminate-instance-in-auto-scaling-group --instance-id "$INSTANCE" --no-should-decrement-desired-capacity --output json',
    expected: 'an activity in progress',
    changes: 'ends the instance. The service is away for some minutes',
    needs: ['INSTANCE'],
    judge: endedWell('autoscaling:TerminateInstanceInAutoScalingGroup', 'the group ends the instance'),
  },
  {
    name: 'replaced',
    shows: 'another instance is attested and in service',
    assumption: 'It is not known how long launch hook, volume and address take, one after the other.',
    command: DESCRIBE_GROUP,
    expected: 'another instance, InService, within 25 minutes',
    again: { everySeconds: 30, forMinutes: 25 },
    needs: ['INSTANCE'],
    judge: (ended, { INSTANCE: before }) =>
      readAnswer(ended, 'autoscaling:DescribeAutoScalingGroups', group, ({ AutoScalingGroups: [found] }) => {
        const other = found?.Instances.find(
          ({ InstanceId: id, LifecycleState: state }) => id !== before && state === 'InService',
        );
        return other === undefined
          ? notReached('not in service yet')
          : proved('in service', { REPLACED: other.InstanceId });
      }),
  },
  {
    name: 'address-moved',
    shows: 'the new instance has the old one’s address',
    assumption: 'Only a stand-in for AWS has shown in which order a replacement happens.',
    command: DESCRIBE_ADDRESS,
    expected: 'InstanceId of the new instance',
    needs: ['REPLACED', 'ADDRESS'],
    judge: (ended, { REPLACED: instance, ADDRESS: before }) =>
      readAnswer(ended, 'ec2:DescribeAddresses', addresses, ({ Addresses: [found] }) =>
        found?.InstanceId === instance && found?.PublicIp === before
          ? proved('the same address')
          : refuted('the new instance has another address or none'),
      ),
  },
  {
    name: 'volume-moved',
    shows: 'the new instance has the old one’s data volume',
    assumption:
      'Only a stand-in for AWS has shown that the old instance’s volume is free before the new parent stops waiting for it.',
    command: DESCRIBE_VOLUME,
    expected: 'attached to the new instance',
    needs: ['REPLACED'],
    judge: (ended, { REPLACED: instance }) =>
      readAnswer(ended, 'ec2:DescribeVolumes', volumes, ({ Volumes: [found] }) => {
        if (found === undefined) return notReached('the stack has no data volume');
        return found.Attachments.some(({ InstanceId: id }) => id === instance)
          ? proved('attached')
          : refuted('not attached');
      }),
  },
];
