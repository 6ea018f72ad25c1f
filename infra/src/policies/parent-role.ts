import { METRIC_NAMESPACE } from '../../parent/src';
import { arnOf, nameOf, STACK_TAG, type Place } from '../names';
import { attestedUse, PURPOSES } from '@communique-tee/key-policies';
import { policy, type PolicyDocument, type Statement } from '@communique-tee/key-policies';

/** An object in S3. The parent checks the content against the hash in `key`. */
export interface InstalledObject {
  key: string;
  versionId?: string;
}

export interface ParentRoleArgs {
  place: Place;
  /** The bucket with the objects that the instance installs. */
  bucketArn: string;
  objects: readonly InstalledObject[];
  logGroupNames: readonly string[];
  secretArns: readonly string[];
  /** The one secret that the parent also writes. */
  certificateSecretArn?: string;
  enclaveKeyArn: string;
  operatorKeyArn: string;
  acceptedImages: readonly string[];
  /** The address that is registered with the House; absent if several instances use NAT. */
  elasticIpAllocationId?: string;
  /** The data volume of PostgreSQL on the parent. */
  dataVolumeId?: string;
}

/** All AWS permissions of the parent instance, and so of an attacker on the parent. */
export function parentRolePolicy(args: ParentRoleArgs): PolicyDocument {
  const { place } = args;
  const instances = arnOf(place, 'ec2', 'instance/*');
  const ownInstances = { StringEquals: { [`aws:ResourceTag/${STACK_TAG}`]: place.stack } };
  const allow = (
    Sid: string,
    Action: string[],
    Resource: string | string[],
    Condition?: Statement['Condition'],
  ): Statement => ({ Sid, Effect: 'Allow', Action, Resource, ...(Condition && { Condition }) });
  return policy(
    ...args.objects.map(({ key, versionId }, index) =>
      versionId === undefined
        ? allow(`ReadWhatIsInstalled${index}`, ['s3:GetObject'], `${args.bucketArn}/${key}`)
        : allow(`ReadWhatIsInstalled${index}`, ['s3:GetObjectVersion'], `${args.bucketArn}/${key}`, {
            StringEquals: { 's3:VersionId': versionId },
          }),
    ),
    allow(
      'WriteOwnLogs',
      ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'],
      args.logGroupNames.flatMap((name) => [
        arnOf(place, 'logs', `log-group:${name}`),
        arnOf(place, 'logs', `log-group:${name}:log-stream:*`),
      ]),
    ),
    allow('WriteOwnMetrics', ['cloudwatch:PutMetricData'], '*', {
      StringEquals: { 'cloudwatch:namespace': METRIC_NAMESPACE },
    }),
    allow('NameOwnGroup', ['ec2:DescribeTags'], '*'),
    args.secretArns.length > 0
      ? allow('ReadOwnSecrets', ['secretsmanager:GetSecretValue'], [...args.secretArns])
      : undefined,
    args.certificateSecretArn !== undefined
      ? allow('KeepTheCertificate', ['secretsmanager:PutSecretValue'], args.certificateSecretArn)
      : undefined,
    attestedUse(
      'EnclaveKeyForTheEnclave',
      args.enclaveKeyArn,
      ['kms:Decrypt', 'kms:GenerateDataKey'],
      args.acceptedImages,
      PURPOSES.enclaveKeys,
      place.stack,
    ),
    attestedUse(
      'OperatorKeyForTheEnclave',
      args.operatorKeyArn,
      ['kms:Decrypt'],
      args.acceptedImages,
      PURPOSES.operatorSecret,
      place.stack,
    ),
    allow('LookWhetherItIsWaitedFor', ['autoscaling:DescribeAutoScalingInstances'], '*'),
    allow(
      'SayWhenHealthy',
      ['autoscaling:CompleteLifecycleAction', 'autoscaling:RecordLifecycleActionHeartbeat'],
      arnOf(place, 'autoscaling', `autoScalingGroup:*:autoScalingGroupName/${nameOf(place.stack, 'parent')}`),
    ),
    ...(args.elasticIpAllocationId === undefined
      ? []
      : [
          allow(
            'TakeTheAddress',
            ['ec2:AssociateAddress', 'ec2:DisassociateAddress'],
            arnOf(place, 'ec2', `elastic-ip/${args.elasticIpAllocationId}`),
          ),
          allow(
            'TakeTheAddressForOwnInstances',
            ['ec2:AssociateAddress', 'ec2:DisassociateAddress'],
            [instances, arnOf(place, 'ec2', 'network-interface/*')],
            ownInstances,
          ),
          allow('LookForTheAddress', ['ec2:DescribeAddresses'], '*'),
        ]),
    ...(args.dataVolumeId === undefined
      ? []
      : [
          allow('TakeTheDataVolume', ['ec2:AttachVolume'], arnOf(place, 'ec2', `volume/${args.dataVolumeId}`)),
          allow('TakeTheDataVolumeForOwnInstances', ['ec2:AttachVolume'], instances, ownInstances),
          allow('LookForTheDataVolume', ['ec2:DescribeVolumes'], '*'),
        ]),
    allow('SessionManagerInstance', ['ssm:UpdateInstanceInformation'], instances),
    allow(
      'SessionManager',
      [
        'ssmmessages:CreateControlChannel',
        'ssmmessages:CreateDataChannel',
        'ssmmessages:OpenControlChannel',
        'ssmmessages:OpenDataChannel',
      ],
      '*',
    ),
  );
}
