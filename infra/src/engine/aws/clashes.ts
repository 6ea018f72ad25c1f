import { api, EC2_ERRORS, UNVERIFIED } from './sources';
import type { Properties } from './wire';
import type { Thing, World } from './world';

interface Unique {
  /** The inputs that together must be unique. */
  readonly by: readonly string[];
  /** AWS's error for a second resource with the same inputs. */
  readonly error: string;
  readonly source: string;
}

/**
 * Names that must be unique, by type of resource. For a target group or a bucket, the provider itself looks for the name and fails
 * (elbv2/target_group.go, s3/bucket.go). Two rows differ from AWS: AWS accepts a second listener with the same settings as the first, and
 * refuses any two subnets whose ranges overlap.
 */
export const UNIQUE: Readonly<Record<string, Unique>> = {
  'aws:autoscaling/group:Group': {
    by: ['name'],
    error: 'AlreadyExists',
    source: api('autoscaling:CreateAutoScalingGroup'),
  },
  'aws:budgets/budget:Budget': {
    by: ['name'],
    error: 'DuplicateRecordException',
    source: api('budgets:CreateBudget'),
  },
  // botocore's model says "the specified parameters"; AWS's answer in this report says "the same name".
  'aws:cloudfront/originAccessControl:OriginAccessControl': {
    by: ['name'],
    error: 'OriginAccessControlAlreadyExists',
    source: 'https://github.com/winglang/wing/issues/3748',
  },
  'aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy': {
    by: ['name'],
    error: 'ResponseHeadersPolicyAlreadyExists',
    source: api('cloudfront:CreateResponseHeadersPolicy'),
  },
  'aws:cloudtrail/trail:Trail': {
    by: ['name'],
    error: 'TrailAlreadyExistsException',
    source: api('cloudtrail:CreateTrail'),
  },
  'aws:cloudwatch/logGroup:LogGroup': {
    by: ['name'],
    error: 'ResourceAlreadyExistsException',
    source: api('logs:CreateLogGroup'),
  },
  'aws:codebuild/project:Project': {
    by: ['name'],
    error: 'ResourceAlreadyExistsException',
    source: api('codebuild:CreateProject'),
  },
  'aws:ec2/launchTemplate:LaunchTemplate': {
    by: ['name'],
    error: 'InvalidLaunchTemplateName.AlreadyExistsException',
    source: EC2_ERRORS,
  },
  'aws:ec2/route:Route': {
    by: ['routeTableId', 'destinationCidrBlock'],
    error: 'RouteAlreadyExists',
    source: EC2_ERRORS,
  },
  'aws:ec2/securityGroup:SecurityGroup': {
    by: ['vpcId', 'name'],
    error: 'InvalidGroup.Duplicate',
    source: EC2_ERRORS,
  },
  'aws:ec2/subnet:Subnet': { by: ['vpcId', 'cidrBlock'], error: 'InvalidSubnet.Conflict', source: EC2_ERRORS },
  'aws:ecr/repository:Repository': {
    by: ['name'],
    error: 'RepositoryAlreadyExistsException',
    source: api('ecr:CreateRepository'),
  },
  'aws:elasticache/parameterGroup:ParameterGroup': {
    by: ['name'],
    error: 'CacheParameterGroupAlreadyExists',
    source: api('elasticache:CreateCacheParameterGroup'),
  },
  'aws:elasticache/replicationGroup:ReplicationGroup': {
    by: ['replicationGroupId'],
    error: 'ReplicationGroupAlreadyExists',
    source: api('elasticache:CreateReplicationGroup'),
  },
  'aws:elasticache/subnetGroup:SubnetGroup': {
    by: ['name'],
    error: 'CacheSubnetGroupAlreadyExists',
    source: api('elasticache:CreateCacheSubnetGroup'),
  },
  'aws:iam/instanceProfile:InstanceProfile': {
    by: ['name'],
    error: 'EntityAlreadyExists',
    source: api('iam:CreateInstanceProfile'),
  },
  'aws:iam/role:Role': { by: ['name'], error: 'EntityAlreadyExists', source: api('iam:CreateRole') },
  'aws:kms/alias:Alias': { by: ['name'], error: 'AlreadyExistsException', source: api('kms:CreateAlias') },
  'aws:lb/listener:Listener': {
    by: ['loadBalancerArn', 'port'],
    error: 'DuplicateListener',
    source: api('elbv2:CreateListener'),
  },
  'aws:lb/loadBalancer:LoadBalancer': {
    by: ['name'],
    error: 'DuplicateLoadBalancerName',
    source: api('elbv2:CreateLoadBalancer'),
  },
  'aws:lb/targetGroup:TargetGroup': {
    by: ['name'],
    error: 'DuplicateTargetGroupName',
    source: api('elbv2:CreateTargetGroup'),
  },
  'aws:rds/instance:Instance': {
    by: ['identifier'],
    error: 'DBInstanceAlreadyExists',
    source: api('rds:CreateDBInstance'),
  },
  'aws:rds/parameterGroup:ParameterGroup': {
    by: ['name'],
    error: 'DBParameterGroupAlreadyExists',
    source: api('rds:CreateDBParameterGroup'),
  },
  'aws:rds/subnetGroup:SubnetGroup': {
    by: ['name'],
    error: 'DBSubnetGroupAlreadyExists',
    source: api('rds:CreateDBSubnetGroup'),
  },
  // In us-east-1 S3 accepts a second request of the owner, and the provider fails instead (resourceBucketCreate).
  'aws:s3/bucket:Bucket': { by: ['bucket'], error: 'BucketAlreadyExists', source: api('s3:CreateBucket') },
  'aws:secretsmanager/secret:Secret': {
    by: ['name'],
    error: 'ResourceExistsException',
    source: api('secretsmanager:CreateSecret'),
  },
};

const GROUP = 'aws:autoscaling/group:Group';
const BALANCER = 'aws:lb/loadBalancer:LoadBalancer';
const CACHE = 'aws:elasticache/replicationGroup:ReplicationGroup';
const DATABASE = 'aws:rds/instance:Instance';
const LOG_GROUP = 'aws:cloudwatch/logGroup:LogGroup';
const NAT = 'aws:ec2/natGateway:NatGateway';

interface Held {
  readonly type: string;
  readonly error: string;
  readonly source: string;
  /** The types that use the resource, each with the input that names the resource. */
  readonly by: Readonly<Record<string, string>>;
}

/**
 * Resources that AWS does not delete while others use them, with AWS's error. The table omits cases in which Pulumi always deletes the user
 * first: a certificate of a listener, an access control and a headers policy of a distribution, a role with a policy, a rule with targets,
 * and a repository with images.
 */
export const HELD: readonly Held[] = [
  {
    type: 'aws:ec2/vpc:Vpc',
    error: 'DependencyViolation',
    source: api('ec2:DeleteVpc'),
    by: {
      'aws:ec2/internetGateway:InternetGateway': 'vpcId',
      'aws:ec2/routeTable:RouteTable': 'vpcId',
      'aws:ec2/securityGroup:SecurityGroup': 'vpcId',
      'aws:ec2/subnet:Subnet': 'vpcId',
      'aws:ec2/vpcEndpoint:VpcEndpoint': 'vpcId',
    },
  },
  {
    type: 'aws:ec2/subnet:Subnet',
    error: 'DependencyViolation',
    source: api('ec2:DeleteSubnet'),
    by: { [GROUP]: 'vpcZoneIdentifiers' },
  },
  // A NAT gateway has a network interface in its subnet.
  {
    type: 'aws:ec2/subnet:Subnet',
    error: 'DependencyViolation',
    source: api('ec2:CreateNatGateway'),
    by: { [NAT]: 'subnetId' },
  },
  {
    type: 'aws:ec2/subnet:Subnet',
    error: 'DependencyViolation',
    source: 'https://github.com/hashicorp/terraform-provider-aws/issues/38704',
    by: { [BALANCER]: 'subnets' },
  },
  // AWS keeps a subnet while a database or cache is in it. Here an empty subnet group keeps it too; whether AWS does so is not known.
  {
    type: 'aws:ec2/subnet:Subnet',
    error: 'DependencyViolation',
    source: UNVERIFIED,
    by: {
      'aws:elasticache/subnetGroup:SubnetGroup': 'subnetIds',
      'aws:rds/subnetGroup:SubnetGroup': 'subnetIds',
    },
  },
  {
    type: 'aws:ec2/securityGroup:SecurityGroup',
    error: 'DependencyViolation',
    source: api('ec2:DeleteSecurityGroup'),
    by: {
      [BALANCER]: 'securityGroups',
      [CACHE]: 'securityGroupIds',
      [DATABASE]: 'vpcSecurityGroupIds',
      'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': 'referencedSecurityGroupId',
      'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': 'referencedSecurityGroupId',
    },
  },
  {
    type: 'aws:ec2/eip:Eip',
    error: 'AuthFailure',
    source: 'https://github.com/terraform-aws-modules/terraform-aws-vpc/issues/64',
    by: { [NAT]: 'allocationId' },
  },
  {
    type: 'aws:elasticache/parameterGroup:ParameterGroup',
    error: 'InvalidCacheParameterGroupState',
    source: api('elasticache:DeleteCacheParameterGroup'),
    by: { [CACHE]: 'parameterGroupName' },
  },
  {
    type: 'aws:elasticache/subnetGroup:SubnetGroup',
    error: 'CacheSubnetGroupInUse',
    source: api('elasticache:DeleteCacheSubnetGroup'),
    by: { [CACHE]: 'subnetGroupName' },
  },
  {
    type: 'aws:lb/targetGroup:TargetGroup',
    error: 'ResourceInUse',
    source: api('elbv2:DeleteTargetGroup'),
    by: { 'aws:lb/listener:Listener': 'defaultActions' },
  },
  {
    type: 'aws:rds/parameterGroup:ParameterGroup',
    error: 'InvalidDBParameterGroupState',
    source: api('rds:DeleteDBParameterGroup'),
    by: { [DATABASE]: 'parameterGroupName' },
  },
  {
    type: 'aws:rds/subnetGroup:SubnetGroup',
    error: 'InvalidDBSubnetGroupStateFault',
    source: api('rds:DeleteDBSubnetGroup'),
    by: { [DATABASE]: 'dbSubnetGroupName' },
  },
];

/** Inputs that protect from deletion, and AWS's error while they are set. */
export const PROTECTED: Readonly<
  Record<string, { readonly input: string; readonly error: string; readonly source: string }>
> = {
  [BALANCER]: {
    input: 'enableDeletionProtection',
    error: 'OperationNotPermitted',
    source: api('elbv2:DeleteLoadBalancer'),
  },
  [DATABASE]: {
    input: 'deletionProtection',
    error: 'InvalidParameterCombination',
    source: 'https://github.com/hashicorp/terraform-provider-aws/issues/26233',
  },
  [LOG_GROUP]: {
    input: 'deletionProtectionEnabled',
    error: 'ValidationException',
    source: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/protecting-log-groups-from-deletion.html',
  },
};

/** The final snapshot of a deleted database or cache, whose name stays taken. `type` is the snapshot's type in this stand-in for AWS. */
export const FINAL_SNAPSHOT: Readonly<
  Record<string, { readonly type: string; readonly error: string; readonly source: string }>
> = {
  [CACHE]: {
    type: 'aws:elasticache/snapshot:Snapshot',
    error: 'SnapshotAlreadyExistsFault',
    source: api('elasticache:DeleteReplicationGroup'),
  },
  [DATABASE]: {
    type: 'aws:rds/snapshot:Snapshot',
    error: 'DBSnapshotAlreadyExists',
    source: api('rds:DeleteDBInstance'),
  },
};

function finalSnapshotOf({ type, inputs }: Thing): Thing | undefined {
  const kind = FINAL_SNAPSHOT[type];
  const { finalSnapshotIdentifier: id, skipFinalSnapshot: isSkipped } = inputs;
  return kind === undefined || isSkipped === true || typeof id !== 'string'
    ? undefined
    : { type: kind.type, id, inputs: {}, outputs: {} };
}

const SECRET = 'aws:secretsmanager/secret:Secret';
const EC2_ID = /^(vpc|subnet|sg|lt|vol|eipalloc|igw|nat|rtb|vpce)-[0-9a-f]{17}$/;

/** @throws Error with AWS's error code, if the name is taken or an id in the inputs does not exist */
export function checkCreation(world: World, type: string, inputs: Properties): void {
  const unique = UNIQUE[type];
  if (unique !== undefined) {
    const taken = world.all.find(
      (thing) => thing.type === type && unique.by.every((key) => thing.inputs[key] === inputs[key]),
    );
    const name = unique.by.map((key) => String(inputs[key])).join(' ');
    if (taken?.deleted)
      throw new Error(
        `InvalidRequestException: ${type} ${name}: a secret with this name is already scheduled for deletion`,
      );
    if (taken !== undefined) throw new Error(`${unique.error}: ${type} ${name} already exists`);
  }
  checkReferences(world, inputs);
}

/** @throws Error with AWS's error code, if an id of EC2 in the inputs does not exist */
export function checkReferences(world: World, inputs: Properties): void {
  const ids = new Set(world.all.map(({ id }) => id));
  for (const text of textsOf(inputs))
    if (EC2_ID.test(text) && !ids.has(text)) throw new Error(`InvalidID.NotFound: ${text} does not exist`);
}

/** @throws Error with AWS's error code, if AWS would not delete the resource */
export function checkDeletion(world: World, thing: Thing): void {
  const { type, id, inputs } = thing;
  const protection = PROTECTED[type];
  if (protection !== undefined && inputs[protection.input] === true)
    throw new Error(`${protection.error}: ${type} ${id}: deletion protection is on`);
  // botocore 1.44.8 s3:DeleteBucket; the error's name: s3/errors.go@0e4b256e of the provider.
  if (type === 'aws:s3/bucket:Bucket' && inputs['forceDestroy'] !== true && objectsOf(world, id).length > 0)
    throw new Error(`BucketNotEmpty: the bucket ${id} has objects`);
  const snapshot = finalSnapshotOf(thing);
  if (snapshot !== undefined && world.find(snapshot.type, snapshot.id) !== undefined)
    throw new Error(`${String(FINAL_SNAPSHOT[type]?.error)}: ${snapshot.type} ${snapshot.id} already exists`);
  for (const { error, by } of HELD.filter((held) => held.type === type))
    for (const [holder, key] of Object.entries(by)) {
      const user = world.ofType(holder).find((other) => textsOf(other.inputs[key]).includes(id));
      if (user !== undefined) throw new Error(`${error}: ${type} ${id} is in use by ${holder} ${user.id}`);
    }
}

/**
 * Makes what AWS makes in addition to a resource: RDS makes the log groups to which it writes, and never deletes them
 * (https://github.com/hashicorp/terraform-provider-aws/issues/5348). Their names: RDS user guide, "Publishing PostgreSQL logs to Amazon
 * CloudWatch Logs".
 */
export function createSideEffects(
  world: World,
  type: string,
  { identifier, enabledCloudwatchLogsExports: logs }: Properties,
): void {
  if (type !== 'aws:rds/instance:Instance' || !Array.isArray(logs)) return;
  for (const log of logs) {
    const name = `/aws/rds/instance/${String(identifier)}/${String(log)}`;
    if (world.find(LOG_GROUP, name) === undefined)
      world.put({ type: LOG_GROUP, id: name, inputs: { name }, outputs: {} });
  }
}

/**
 * Deletes a resource as AWS does. A secret keeps its name for the recovery window of 7 to 30 days (botocore 1.44.8
 * secretsmanager:DeleteSecret; 30 is the provider's default, secretsmanager/secret.go@00c21ced). AWS would also delay the deletion of a KMS
 * key (kms:ScheduleKeyDeletion). Here it is deleted at once, because its id is never used again.
 */
export function remove(world: World, thing: Thing): void {
  const snapshot = finalSnapshotOf(thing);
  if (snapshot !== undefined) world.put(snapshot);
  if (thing.type === SECRET && thing.inputs['recoveryWindowInDays'] !== 0)
    return world.put({ ...thing, deleted: true });
  if (thing.type === 'aws:s3/bucket:Bucket')
    for (const { type, id } of objectsOf(world, thing.id)) world.remove(type, id);
  world.remove(thing.type, thing.id);
}

const objectsOf = (world: World, bucket: string): Thing[] =>
  world.ofType('aws:s3/bucketObjectv2:BucketObjectv2').filter(({ inputs }) => inputs['bucket'] === bucket);

const textsOf = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(textsOf)
      : [];
