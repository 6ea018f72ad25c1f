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

/** The build puts images and their measurements into the store and container images into the registry; it neither deletes nor deploys. */
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

/** Data Lifecycle Manager makes snapshots of one volume, and ends those that carry the stack's tag. */
export function snapshotPolicy(place: Place, volumeId: string): PolicyDocument {
  // Snapshots have no account in their ARN.
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
