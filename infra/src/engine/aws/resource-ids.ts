import { randomBytes } from 'node:crypto';
import { MOCK_ACCOUNT } from '../../mock-aws';
import type { Properties } from './wire';
import type { Thing } from './world';

type Made = (inputs: Properties, random: string) => string;

const text = (value: unknown): string => String(value);
const prefixed =
  (prefix: string): Made =>
  (_inputs, random) =>
    `${prefix}-0${random.slice(0, 16)}`;
const uuid: Made = (_inputs, random) =>
  [random.slice(0, 8), random.slice(8, 12), random.slice(12, 16), random.slice(16, 20), random.slice(20, 32)].join('-');
const of =
  (...keys: string[]): Made =>
  (inputs) =>
    keys.map((key) => text(inputs[key])).join(':');

/**
 * Makes an id in the provider's form, for each resource type. The forms are from the section "Import" of the provider's documentation
 * (@pulumi/aws's <module>/<resource>.d.ts). Where the provider's code (internal/service of terraform-provider-aws) differs, the code counts.
 */
export const IDS: Readonly<Record<string, Made>> = {
  'aws:ec2/vpc:Vpc': prefixed('vpc'),
  'aws:ec2/subnet:Subnet': prefixed('subnet'),
  'aws:ec2/securityGroup:SecurityGroup': prefixed('sg'),
  'aws:ec2/launchTemplate:LaunchTemplate': prefixed('lt'),
  'aws:ebs/volume:Volume': prefixed('vol'),
  'aws:ec2/eip:Eip': prefixed('eipalloc'),
  'aws:ec2/internetGateway:InternetGateway': prefixed('igw'),
  'aws:ec2/natGateway:NatGateway': prefixed('nat'),
  'aws:ec2/routeTable:RouteTable': prefixed('rtb'),
  'aws:ec2/routeTableAssociation:RouteTableAssociation': prefixed('rtbassoc'),
  'aws:ec2/vpcEndpoint:VpcEndpoint': prefixed('vpce'),
  'aws:ec2/flowLog:FlowLog': prefixed('fl'),
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': prefixed('sgr'),
  'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': prefixed('sgr'),
  'aws:dlm/lifecyclePolicy:LifecyclePolicy': prefixed('policy'),
  'aws:kms/key:Key': uuid,
  'aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy': uuid,
  'aws:cloudfront/originAccessControl:OriginAccessControl': (_inputs, random) =>
    `E${random.slice(0, 13).toUpperCase()}`,
  'aws:cloudfront/distribution:Distribution': (_inputs, random) => `E${random.slice(0, 13).toUpperCase()}`,
  'aws:rds/instance:Instance': (_inputs, random) => `db-${random.slice(0, 26).toUpperCase()}`,
  'aws:s3/bucketObjectv2:BucketObjectv2': ({ bucket, key }) => `${text(bucket)}/${text(key)}`,
  'aws:ec2/tag:Tag': ({ resourceId, key }) => [resourceId, key].map(text).join(','),
  'aws:iam/rolePolicy:RolePolicy': of('role', 'name'),
  'aws:ec2/route:Route': ({ routeTableId, destinationCidrBlock, destinationIpv6CidrBlock }) =>
    `r-${text(routeTableId)}${hashOf(text(destinationCidrBlock ?? destinationIpv6CidrBlock))}`,
  'aws:secretsmanager/secretVersion:SecretVersion': (inputs, random) =>
    `${text(inputs['secretId'])}|${uuid(inputs, random)}`,
  'aws:secretsmanager/secretRotation:SecretRotation': of('secretId'),
  'aws:sns/topicSubscription:TopicSubscription': (inputs, random) => `${text(inputs['topic'])}:${uuid(inputs, random)}`,
  'aws:sns/topicPolicy:TopicPolicy': of('arn'),
  'aws:route53/record:Record': ({ zoneId, name, type }) => [zoneId, name, type].map(text).join('_'),
  'aws:budgets/budget:Budget': ({ name }) => `123456789012:${text(name)}`,
  'aws:cloudwatch/eventTarget:EventTarget': ({ rule, targetId }, random) =>
    `${text(rule)}-${text(targetId ?? `terraform-${random.slice(0, 26)}`)}`,
  'aws:acm/certificateValidation:CertificateValidation': (_inputs, random) =>
    new Date(parseInt(random.slice(0, 10), 16)).toISOString(),
  ...Object.fromEntries(
    [
      'bucketLifecycleConfiguration:BucketLifecycleConfiguration',
      'bucketOwnershipControls:BucketOwnershipControls',
      'bucketPolicy:BucketPolicy',
      'bucketPublicAccessBlock:BucketPublicAccessBlock',
      'bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
      'bucketVersioning:BucketVersioning',
    ].map((name) => [`aws:s3/${name}`, of('bucket')]),
  ),
  'aws:cloudwatch/dashboard:Dashboard': of('dashboardName'),
  'aws:ecr/lifecyclePolicy:LifecyclePolicy': of('repository'),
};

/** Types whose id is the ARN, which is also the output `arn`. */
export const ID_IS_ARN: ReadonlySet<string> = new Set([
  'aws:acm/certificate:Certificate',
  'aws:cloudtrail/trail:Trail',
  'aws:lb/listener:Listener',
  'aws:lb/loadBalancer:LoadBalancer',
  'aws:lb/targetGroup:TargetGroup',
  'aws:sns/topic:Topic',
]);

/** The text that `pulumi import` takes, for types where this text is not the id in the state. */
export const IMPORTED_BY: Readonly<Record<string, (inputs: Properties) => string>> = {
  'aws:rds/instance:Instance': ({ identifier }) => text(identifier),
  'aws:autoscaling/policy:Policy': ({ autoscalingGroupName, name }) => `${text(autoscalingGroupName)}/${text(name)}`,
  'aws:cloudwatch/eventTarget:EventTarget': ({ rule, targetId }) => `${text(rule)}/${text(targetId)}`,
  'aws:cloudwatch/logMetricFilter:LogMetricFilter': ({ logGroupName, name }) => `${text(logGroupName)}:${text(name)}`,
  'aws:ec2/route:Route': ({ routeTableId, destinationCidrBlock, destinationIpv6CidrBlock }) =>
    `${text(routeTableId)}_${text(destinationCidrBlock ?? destinationIpv6CidrBlock)}`,
  'aws:ec2/routeTableAssociation:RouteTableAssociation': ({ subnetId, routeTableId }) =>
    `${text(subnetId)}/${text(routeTableId)}`,
};

/**
 * The service, a colon, and what precedes the id in the ARN. For types that have tags and whose id is not an ARN (Service Authorization
 * Reference, "Resource types").
 */
const ARN_ENDS: Readonly<Record<string, string>> = {
  'aws:ec2/vpc:Vpc': 'ec2:vpc/',
  'aws:ec2/subnet:Subnet': 'ec2:subnet/',
  'aws:ec2/internetGateway:InternetGateway': 'ec2:internet-gateway/',
  'aws:ec2/natGateway:NatGateway': 'ec2:natgateway/',
  'aws:ec2/routeTable:RouteTable': 'ec2:route-table/',
  'aws:ec2/vpcEndpoint:VpcEndpoint': 'ec2:vpc-endpoint/',
  'aws:ec2/flowLog:FlowLog': 'ec2:vpc-flow-log/',
  'aws:ec2/eip:Eip': 'ec2:elastic-ip/',
  'aws:ec2/launchTemplate:LaunchTemplate': 'ec2:launch-template/',
  'aws:ec2/securityGroup:SecurityGroup': 'ec2:security-group/',
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': 'ec2:security-group-rule/',
  'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': 'ec2:security-group-rule/',
  'aws:ebs/volume:Volume': 'ec2:volume/',
  'aws:dlm/lifecyclePolicy:LifecyclePolicy': 'dlm:policy/',
};

/** The ARN of a resource in AWS's tagging API; undefined for types that no scenario looks up. */
export function arnOf({ type, id, outputs }: Thing, region: string): string | undefined {
  if (id.startsWith('arn:')) return id;
  const { arn } = outputs;
  if (typeof arn === 'string') return arn;
  const [service, end] = ARN_ENDS[type]?.split(':') ?? [];
  return end === undefined ? undefined : `arn:aws:${String(service)}:${region}:${MOCK_ACCOUNT}:${end}${id}`;
}

export const random = (): string => randomBytes(16).toString('hex');

/** Returns a 32-bit hash in ten digits. */
function hashOf(value: string): string {
  let hash = 0;
  for (const character of value) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return String(hash).padStart(10, '0');
}
