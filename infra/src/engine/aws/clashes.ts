import type { Properties } from './wire';
import type { Thing, World } from './world';

/**
 * Names that AWS gives once: by which input, and the error of a second one. Source of each row: the operation of AWS's API that
 * aws-api/mappings names for the type, section "Errors". From memory of it: no row was compared with that documentation.
 */
export const UNIQUE: Readonly<Record<string, { readonly by: readonly string[]; readonly error: string }>> = {
  'aws:autoscaling/group:Group': { by: ['name'], error: 'AlreadyExists' },
  'aws:budgets/budget:Budget': { by: ['name'], error: 'DuplicateRecordException' },
  'aws:cloudfront/originAccessControl:OriginAccessControl': { by: ['name'], error: 'OriginAccessControlAlreadyExists' },
  'aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy': {
    by: ['name'],
    error: 'ResponseHeadersPolicyAlreadyExists',
  },
  'aws:cloudtrail/trail:Trail': { by: ['name'], error: 'TrailAlreadyExistsException' },
  'aws:cloudwatch/logGroup:LogGroup': { by: ['name'], error: 'ResourceAlreadyExistsException' },
  'aws:codebuild/project:Project': { by: ['name'], error: 'ResourceAlreadyExistsException' },
  'aws:ec2/launchTemplate:LaunchTemplate': { by: ['name'], error: 'InvalidLaunchTemplateName.AlreadyExistsException' },
  'aws:ec2/route:Route': { by: ['routeTableId', 'destinationCidrBlock'], error: 'RouteAlreadyExists' },
  'aws:ec2/securityGroup:SecurityGroup': { by: ['vpcId', 'name'], error: 'InvalidGroup.Duplicate' },
  'aws:ec2/subnet:Subnet': { by: ['vpcId', 'cidrBlock'], error: 'InvalidSubnet.Conflict' },
  'aws:ecr/repository:Repository': { by: ['name'], error: 'RepositoryAlreadyExistsException' },
  'aws:elasticache/parameterGroup:ParameterGroup': { by: ['name'], error: 'CacheParameterGroupAlreadyExists' },
  'aws:elasticache/replicationGroup:ReplicationGroup': {
    by: ['replicationGroupId'],
    error: 'ReplicationGroupAlreadyExists',
  },
  'aws:elasticache/subnetGroup:SubnetGroup': { by: ['name'], error: 'CacheSubnetGroupAlreadyExists' },
  'aws:iam/instanceProfile:InstanceProfile': { by: ['name'], error: 'EntityAlreadyExists' },
  'aws:iam/role:Role': { by: ['name'], error: 'EntityAlreadyExists' },
  'aws:kms/alias:Alias': { by: ['name'], error: 'AlreadyExistsException' },
  'aws:lb/listener:Listener': { by: ['loadBalancerArn', 'port'], error: 'DuplicateListener' },
  'aws:lb/loadBalancer:LoadBalancer': { by: ['name'], error: 'DuplicateLoadBalancerName' },
  'aws:lb/targetGroup:TargetGroup': { by: ['name'], error: 'DuplicateTargetGroupName' },
  'aws:rds/instance:Instance': { by: ['identifier'], error: 'DBInstanceAlreadyExists' },
  'aws:rds/parameterGroup:ParameterGroup': { by: ['name'], error: 'DBParameterGroupAlreadyExists' },
  'aws:rds/subnetGroup:SubnetGroup': { by: ['name'], error: 'DBSubnetGroupAlreadyExists' },
  'aws:s3/bucket:Bucket': { by: ['bucket'], error: 'BucketAlreadyOwnedByYou' },
  'aws:secretsmanager/secret:Secret': { by: ['name'], error: 'ResourceExistsException' },
};

const GROUP = 'aws:autoscaling/group:Group';
const BALANCER = 'aws:lb/loadBalancer:LoadBalancer';
const CACHE = 'aws:elasticache/replicationGroup:ReplicationGroup';
const DATABASE = 'aws:rds/instance:Instance';
const NAT = 'aws:ec2/natGateway:NatGateway';
const VPC_PARTS = [
  'subnet:Subnet',
  'securityGroup:SecurityGroup',
  'internetGateway:InternetGateway',
  'vpcEndpoint:VpcEndpoint',
];

/**
 * What AWS refuses to delete while something else uses it: by which types, through which input. Source: the same sections of the
 * operations that delete (`DependencyViolation`, `ResourceInUse`, `InvalidDBSubnetGroupStateFault` and their like). From memory as well.
 */
const HELD: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'aws:ec2/vpc:Vpc': Object.fromEntries(VPC_PARTS.map((part) => [`aws:ec2/${part}`, 'vpcId'])),
  'aws:ec2/subnet:Subnet': {
    [BALANCER]: 'subnets',
    [GROUP]: 'vpcZoneIdentifiers',
    [NAT]: 'subnetId',
    'aws:elasticache/subnetGroup:SubnetGroup': 'subnetIds',
    'aws:rds/subnetGroup:SubnetGroup': 'subnetIds',
  },
  'aws:ec2/securityGroup:SecurityGroup': {
    [BALANCER]: 'securityGroups',
    [CACHE]: 'securityGroupIds',
    [DATABASE]: 'vpcSecurityGroupIds',
    'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': 'referencedSecurityGroupId',
    'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': 'referencedSecurityGroupId',
  },
  'aws:ec2/eip:Eip': { [NAT]: 'allocationId' },
  'aws:elasticache/parameterGroup:ParameterGroup': { [CACHE]: 'parameterGroupName' },
  'aws:elasticache/subnetGroup:SubnetGroup': { [CACHE]: 'subnetGroupName' },
  'aws:lb/targetGroup:TargetGroup': { 'aws:lb/listener:Listener': 'defaultActions' },
  'aws:rds/parameterGroup:ParameterGroup': { [DATABASE]: 'parameterGroupName' },
  'aws:rds/subnetGroup:SubnetGroup': { [DATABASE]: 'dbSubnetGroupName' },
};

/**
 * The last snapshot of a store, whose name stays taken when the store is gone. Source: RDS API, DeleteDBInstance (FinalDBSnapshotIdentifier,
 * DBSnapshotAlreadyExists); ElastiCache API, DeleteReplicationGroup (FinalSnapshotIdentifier, SnapshotAlreadyExistsFault). No types of Pulumi.
 */
const FINAL_SNAPSHOT: Readonly<Record<string, { readonly type: string; readonly error: string }>> = {
  [CACHE]: { type: 'aws:elasticache/snapshot:Snapshot', error: 'SnapshotAlreadyExistsFault' },
  [DATABASE]: { type: 'aws:rds/snapshot:Snapshot', error: 'DBSnapshotAlreadyExists' },
};

function finalSnapshotOf({ type, inputs }: Thing): Thing | undefined {
  const kind = FINAL_SNAPSHOT[type];
  const { finalSnapshotIdentifier: id, skipFinalSnapshot: isSkipped } = inputs;
  return kind === undefined || isSkipped === true || typeof id !== 'string'
    ? undefined
    : { type: kind.type, id, inputs: {}, outputs: {} };
}

const LOG_GROUP = 'aws:cloudwatch/logGroup:LogGroup';
const SECRET = 'aws:secretsmanager/secret:Secret';
const EC2_ID = /^(vpc|subnet|sg|lt|vol|eipalloc|igw|nat|rtb|vpce)-[0-9a-f]{17}$/;

/** @throws Error as AWS answers, where the name is taken or an id in the inputs leads to nothing */
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

/** @throws Error as AWS answers, where an id of EC2 in the inputs leads to nothing */
export function checkReferences(world: World, inputs: Properties): void {
  const ids = new Set(world.all.map(({ id }) => id));
  for (const text of textsOf(inputs))
    if (EC2_ID.test(text) && !ids.has(text)) throw new Error(`InvalidID.NotFound: ${text} does not exist`);
}

/** @throws Error as AWS answers, where it does not delete the thing */
export function checkDeletion(world: World, thing: Thing): void {
  const { type, id, inputs } = thing;
  if (
    inputs['deletionProtection'] === true ||
    inputs['enableDeletionProtection'] === true ||
    inputs['deletionProtectionEnabled'] === true
  )
    throw new Error(`OperationNotPermitted: ${type} ${id}: deletion protection is on`);
  if (type === 'aws:s3/bucket:Bucket' && inputs['forceDestroy'] !== true && objectsOf(world, id).length > 0)
    throw new Error(`BucketNotEmpty: the bucket ${id} has objects`);
  const snapshot = finalSnapshotOf(thing);
  if (snapshot !== undefined && world.find(snapshot.type, snapshot.id) !== undefined)
    throw new Error(`${String(FINAL_SNAPSHOT[type]?.error)}: ${snapshot.type} ${snapshot.id} already exists`);
  for (const [holder, key] of Object.entries(HELD[type] ?? {})) {
    const user = world.ofType(holder).find((other) => textsOf(other.inputs[key]).includes(id));
    if (user !== undefined) throw new Error(`DependencyViolation: ${type} ${id} is in use by ${holder} ${user.id}`);
  }
}

/**
 * What AWS does beside a creation: RDS makes the log groups that it writes to, and never deletes them (RDS user guide, "Publishing
 * PostgreSQL logs to Amazon CloudWatch Logs").
 */
export function alsoMade(
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
 * What AWS does at a deletion: a secret keeps its name for the recovery window (Secrets Manager API, DeleteSecret: 30 days where none is
 * given), a bucket that may be emptied takes its objects along, and a store may leave a snapshot.
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
