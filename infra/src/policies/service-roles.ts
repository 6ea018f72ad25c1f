import { arnOf, type Place } from '../naming/names';
import { policy, type PolicyDocument } from './document';

const logStreams = (place: Place, group: string): string[] => [arnOf(place, 'logs', `log-group:${group}`), arnOf(place, 'logs', `log-group:${group}:log-stream:*`)];

export const flowLogPolicy = (place: Place, logGroup: string): PolicyDocument =>
  policy({ Sid: 'WriteFlowLogs', Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'], Resource: logStreams(place, logGroup) });

/** The build puts images and their measurements into the store and container images into the registry; it deletes nothing and deploys nothing. */
export const imageBuildPolicy = (place: Place, args: { logGroup: string; bucketArn: string; prefix: string; repositoryArn: string }): PolicyDocument =>
  policy(
    { Sid: 'WriteBuildLog', Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: logStreams(place, args.logGroup) },
    { Sid: 'PublishImages', Effect: 'Allow', Action: ['s3:PutObject'], Resource: `${args.bucketArn}/${args.prefix}*` },
    {
      Sid: 'PushContainers',
      Effect: 'Allow',
      Action: ['ecr:BatchCheckLayerAvailability', 'ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:PutImage', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      Resource: args.repositoryArn,
    },
    { Sid: 'LogInToRegistry', Effect: 'Allow', Action: ['ecr:GetAuthorizationToken'], Resource: '*' },
  );
