import { arnOf, STACK_TAG, type Place } from '../names';
import { policy, type PolicyDocument } from '@communique-tee/key-policies';

const logStreams = (place: Place, group: string): string[] => [
  arnOf(place, 'logs', `log-group:${group}`),
  arnOf(place, 'logs', `log-group:${group}:log-stream:*`),
];

export const flowLogPolicy = (place: Place, logGroup: string): PolicyDocument =>
  policy({
    Sid: 'WriteFlowLogs',
    Effect: 'Allow',
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'],
    Resource: logStreams(place, logGroup),
  });

/** Rights of the build: to read the enclave's configuration, and to publish the image, its measurements and a container image. */
export const imageBuildPolicy = (
  place: Place,
  args: { logGroup: string; bucketArn: string; prefix: string; configurationKey: string; repositoryArn: string },
): PolicyDocument =>
  policy(
    {
      Sid: 'WriteBuildLog',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: logStreams(place, args.logGroup),
    },
    {
      Sid: 'ReadConfiguration',
      Effect: 'Allow',
      Action: ['s3:GetObject'],
      Resource: `${args.bucketArn}/${args.configurationKey}`,
    },
    { Sid: 'PublishImages', Effect: 'Allow', Action: ['s3:PutObject'], Resource: `${args.bucketArn}/${args.prefix}*` },
    {
      Sid: 'PushContainers',
      Effect: 'Allow',
      Action: [
        'ecr:BatchCheckLayerAvailability',
        'ecr:InitiateLayerUpload',
        'ecr:UploadLayerPart',
        'ecr:CompleteLayerUpload',
        'ecr:PutImage',
        'ecr:BatchGetImage',
        'ecr:GetDownloadUrlForLayer',
      ],
      Resource: args.repositoryArn,
    },
    { Sid: 'LogInToRegistry', Effect: 'Allow', Action: ['ecr:GetAuthorizationToken'], Resource: '*' },
  );

/** Rights of Data Lifecycle Manager: to make snapshots of one volume, and to delete those with the stack's tag. */
export function snapshotPolicy(place: Place, volumeId: string): PolicyDocument {
  // The ARN of a snapshot has no account.
  const snapshots = `arn:${place.partition}:ec2:${place.region}::snapshot/*`;
  return policy(
    {
      Sid: 'MakeSnapshots',
      Effect: 'Allow',
      Action: ['ec2:CreateSnapshot'],
      Resource: [arnOf(place, 'ec2', `volume/${volumeId}`), snapshots],
    },
    { Sid: 'TagSnapshots', Effect: 'Allow', Action: ['ec2:CreateTags'], Resource: snapshots },
    {
      Sid: 'EndSnapshots',
      Effect: 'Allow',
      Action: ['ec2:DeleteSnapshot'],
      Resource: snapshots,
      Condition: { StringEquals: { [`aws:ResourceTag/${STACK_TAG}`]: place.stack } },
    },
    {
      Sid: 'LookForVolumeAndSnapshots',
      Effect: 'Allow',
      Action: ['ec2:DescribeInstances', 'ec2:DescribeSnapshots', 'ec2:DescribeVolumes'],
      Resource: '*',
    },
  );
}
