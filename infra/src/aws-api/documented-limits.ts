/** A limit of an input that only AWS's documentation gives, because AWS's API models lack it. */
export interface Limit {
  readonly min?: number;
  /** Most characters of a text, or the largest number. */
  readonly max?: number;
  /** Most bytes of the text in UTF-8. */
  readonly maxBytes?: number;
  /** Pattern for the whole text. */
  readonly pattern?: string;
  readonly oneOf?: readonly (string | number)[];
  /** The input is base64; the limits apply to the decoded value. */
  readonly base64?: true;
  /** Path under https://docs.aws.amazon.com/. */
  readonly source: string;
}

const hyphens = '[A-Za-z](-?[A-Za-z0-9])*';
const groupText = String.raw`[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*`;
const EC2 = 'AWSEC2/latest/APIReference/API_';
const RDS = 'AmazonRDS/latest/APIReference/API_';
const ELASTICACHE = 'AmazonElastiCache/latest/APIReference/API_';
const ELB = 'elasticloadbalancing/latest/APIReference/API_';
export const IAM_QUOTAS = 'IAM/latest/UserGuide/reference_iam-quotas.html';
const window = String.raw`([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d`;
const day = String.raw`(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d`;
const bucketNames = {
  min: 3,
  max: 63,
  pattern: String.raw`(?!.*\.\.)(?!xn--|sthree-|amzn-s3-demo-)(?!.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)[a-z0-9][a-z0-9.-]*[a-z0-9]`,
  source: 'AmazonS3/latest/userguide/bucketnamingrules.html',
} as const;
const cidr = (from: number, to: number) =>
  String.raw`((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)/(${Array.from({ length: to - from + 1 }, (_, at) => from + at).join('|')})`;
const rule = (direction: string): Readonly<Record<string, Limit>> => ({
  description: { max: 255, pattern: groupText, source: `${EC2}SecurityGroupRuleDescription.html` },
  ipProtocol: { oneOf: ['tcp', 'udp', 'icmp', 'icmpv6', '-1'], source: `${EC2}IpPermission.html` },
  fromPort: { min: 0, max: 65_535, source: `${EC2}AuthorizeSecurityGroup${direction}.html` },
  toPort: { min: 0, max: 65_535, source: `${EC2}AuthorizeSecurityGroup${direction}.html` },
  cidrIpv4: { pattern: cidr(0, 32), source: `${EC2}IpRange.html` },
});

/** By resource type and path of the input, as in `MAPPINGS`. */
export const LIMITS: Readonly<Record<string, Readonly<Record<string, Limit>>>> = {
  'aws:ec2/vpc:Vpc': { cidrBlock: { pattern: cidr(16, 28), source: `${EC2}CreateVpc.html` } },
  'aws:ec2/subnet:Subnet': { cidrBlock: { pattern: cidr(16, 28), source: `${EC2}CreateSubnet.html` } },
  'aws:ec2/securityGroup:SecurityGroup': {
    name: { max: 255, pattern: `(?!sg-)${groupText}`, source: `${EC2}CreateSecurityGroup.html` },
    description: { max: 255, pattern: groupText, source: `${EC2}CreateSecurityGroup.html` },
  },
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': rule('Ingress'),
  'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': rule('Egress'),
  'aws:ec2/vpcEndpoint:VpcEndpoint': {
    policy: { max: 20_480, source: 'vpc/latest/privatelink/vpc-limits-endpoints.html' },
  },
  'aws:ec2/flowLog:FlowLog': { maxAggregationInterval: { oneOf: [60, 600], source: `${EC2}CreateFlowLogs.html` } },
  'aws:ec2/launchTemplate:LaunchTemplate': {
    name: { min: 3, max: 128, pattern: String.raw`[a-zA-Z0-9().\-/_]+`, source: `${EC2}CreateLaunchTemplate.html` },
    userData: { maxBytes: 16_384, base64: true, source: 'AWSEC2/latest/UserGuide/user-data.html' },
    'metadataOptions.httpPutResponseHopLimit': {
      min: 1,
      max: 64,
      source: `${EC2}LaunchTemplateInstanceMetadataOptionsRequest.html`,
    },
    'blockDeviceMappings[].ebs.volumeSize': {
      min: 1,
      max: 65_536,
      source: `${EC2}LaunchTemplateEbsBlockDeviceRequest.html`,
    },
  },
  'aws:ebs/volume:Volume': { size: { min: 1, max: 65_536, source: `${EC2}CreateVolume.html` } },
  'aws:autoscaling/group:Group': {
    healthCheckType: {
      oneOf: ['EC2', 'EBS', 'ELB', 'VPC_LATTICE'],
      source: 'autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html',
    },
    'initialLifecycleHooks[].heartbeatTimeout': {
      min: 30,
      max: 7200,
      source: 'autoscaling/ec2/APIReference/API_LifecycleHookSpecification.html',
    },
    'initialLifecycleHooks[].defaultResult': {
      oneOf: ['CONTINUE', 'ABANDON'],
      source: 'autoscaling/ec2/APIReference/API_LifecycleHookSpecification.html',
    },
    'initialLifecycleHooks[].lifecycleTransition': {
      oneOf: ['autoscaling:EC2_INSTANCE_LAUNCHING', 'autoscaling:EC2_INSTANCE_TERMINATING'],
      source: 'autoscaling/ec2/APIReference/API_LifecycleHookSpecification.html',
    },
    metricsGranularity: {
      oneOf: ['1Minute'],
      source: 'autoscaling/ec2/APIReference/API_EnableMetricsCollection.html',
    },
  },
  'aws:rds/instance:Instance': {
    identifier: { min: 1, max: 63, pattern: hyphens, source: `${RDS}CreateDBInstance.html` },
    dbName: { min: 1, max: 63, pattern: '[A-Za-z_][A-Za-z0-9_]*', source: `${RDS}CreateDBInstance.html` },
    username: { min: 1, max: 16, pattern: '[A-Za-z][A-Za-z0-9_]*', source: `${RDS}CreateDBInstance.html` },
    // The minimum is that of gp3 storage with PostgreSQL.
    allocatedStorage: { min: 20, max: 65_536, source: `${RDS}CreateDBInstance.html` },
    maxAllocatedStorage: { min: 20, max: 65_536, source: 'AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html' },
    backupRetentionPeriod: { min: 0, max: 35, source: `${RDS}CreateDBInstance.html` },
    backupWindow: { pattern: window, source: `${RDS}CreateDBInstance.html` },
    maintenanceWindow: { pattern: `${day}-${day}`, source: `${RDS}CreateDBInstance.html` },
    port: { min: 1150, max: 65_535, source: `${RDS}CreateDBInstance.html` },
    finalSnapshotIdentifier: { min: 1, max: 255, pattern: hyphens, source: `${RDS}DeleteDBInstance.html` },
    'enabledCloudwatchLogsExports[]': {
      oneOf: ['postgresql', 'upgrade', 'iam-db-auth-error'],
      source: `${RDS}CreateDBInstance.html`,
    },
  },
  'aws:rds/parameterGroup:ParameterGroup': {
    name: { min: 1, max: 255, pattern: hyphens, source: `${RDS}CreateDBParameterGroup.html` },
  },
  'aws:rds/subnetGroup:SubnetGroup': {
    name: { max: 255, pattern: '(?!default$)[A-Za-z][A-Za-z0-9._ -]*', source: `${RDS}CreateDBSubnetGroup.html` },
  },
  'aws:elasticache/replicationGroup:ReplicationGroup': {
    replicationGroupId: { min: 1, max: 40, pattern: hyphens, source: `${ELASTICACHE}CreateReplicationGroup.html` },
    authTokenWo: {
      min: 16,
      max: 128,
      pattern: '[A-Za-z0-9!&#$^<>-]+',
      source: `${ELASTICACHE}CreateReplicationGroup.html`,
    },
    numCacheClusters: { min: 1, max: 6, source: `${ELASTICACHE}CreateReplicationGroup.html` },
    snapshotRetentionLimit: { min: 0, max: 35, source: 'AmazonElastiCache/latest/dg/backups-automatic.html' },
    snapshotWindow: { pattern: window, source: `${ELASTICACHE}CreateReplicationGroup.html` },
    maintenanceWindow: { pattern: `${day}-${day}`, source: `${ELASTICACHE}CreateReplicationGroup.html` },
    finalSnapshotIdentifier: {
      min: 1,
      max: 255,
      pattern: hyphens,
      source: `${ELASTICACHE}DeleteReplicationGroup.html`,
    },
  },
  'aws:elasticache/parameterGroup:ParameterGroup': {
    name: { min: 1, max: 255, pattern: hyphens, source: `${ELASTICACHE}CreateCacheParameterGroup.html` },
    family: {
      oneOf: ['redis6.x', 'redis7', 'valkey7', 'valkey8'],
      source: `${ELASTICACHE}CreateCacheParameterGroup.html`,
    },
  },
  'aws:elasticache/subnetGroup:SubnetGroup': {
    name: { max: 255, pattern: '[A-Za-z0-9-]+', source: `${ELASTICACHE}CreateCacheSubnetGroup.html` },
  },
  'aws:secretsmanager/secret:Secret': {
    // AWS advises against names that end with a hyphen and six characters, like cwc-senate: a search by partial ARN could fail. That does
    // not matter here, because only complete ARNs and names are used.
    name: {
      pattern: '[A-Za-z0-9/_+=.@-]+',
      source: 'secretsmanager/latest/apireference/API_CreateSecret.html',
    },
    recoveryWindowInDays: {
      oneOf: [0, ...Array.from({ length: 24 }, (_, at) => at + 7)],
      source: 'secretsmanager/latest/apireference/API_DeleteSecret.html',
    },
  },
  'aws:s3/bucket:Bucket': { bucket: bucketNames },
  'aws:s3/bucketPolicy:BucketPolicy': {
    policy: { maxBytes: 20_480, source: 'AmazonS3/latest/userguide/add-bucket-policy.html' },
  },
  'aws:s3/bucketObjectv2:BucketObjectv2': {
    key: { min: 1, maxBytes: 1024, source: 'AmazonS3/latest/userguide/object-keys.html' },
    'metadata.version': { pattern: '[ -~]*', source: 'AmazonS3/latest/userguide/UsingMetadata.html' },
    'metadata.commit': { pattern: '[ -~]*', source: 'AmazonS3/latest/userguide/UsingMetadata.html' },
  },
  'aws:iam/role:Role': { assumeRolePolicy: { max: 2048, source: IAM_QUOTAS } },
  'aws:kms/key:Key': {
    policy: { maxBytes: 32_768, source: 'kms/latest/developerguide/resource-limits.html' },
    deletionWindowInDays: { min: 7, max: 30, source: 'kms/latest/APIReference/API_ScheduleKeyDeletion.html' },
  },
  'aws:kms/alias:Alias': {
    name: { pattern: '(?!alias/aws/)alias/[A-Za-z0-9/_-]+', source: 'kms/latest/APIReference/API_CreateAlias.html' },
  },
  'aws:lb/loadBalancer:LoadBalancer': {
    name: {
      max: 32,
      pattern: '(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?',
      source: `${ELB}CreateLoadBalancer.html`,
    },
    idleTimeout: { min: 1, max: 4000, source: `${ELB}LoadBalancerAttribute.html` },
    desyncMitigationMode: { oneOf: ['monitor', 'defensive', 'strictest'], source: `${ELB}LoadBalancerAttribute.html` },
  },
  'aws:lb/targetGroup:TargetGroup': {
    name: { max: 32, pattern: '[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?', source: `${ELB}CreateTargetGroup.html` },
    deregistrationDelay: { min: 0, max: 3600, source: `${ELB}TargetGroupAttribute.html` },
    'healthCheck.port': { pattern: String.raw`traffic-port|\d{1,5}`, source: `${ELB}CreateTargetGroup.html` },
  },
  'aws:acm/certificate:Certificate': {
    // AWS accepts a longer name only as an additional name of a certificate, after a first name of at most 64 characters.
    domainName: { max: 64, source: 'acm/latest/APIReference/API_RequestCertificate.html' },
  },
  'aws:route53/record:Record': {
    name: { max: 255, source: 'Route53/latest/DeveloperGuide/DomainNameFormat.html' },
  },
  'aws:cloudwatch/metricAlarm:MetricAlarm': {
    treatMissingData: {
      oneOf: ['breaching', 'notBreaching', 'ignore', 'missing'],
      source: 'AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html',
    },
    period: {
      oneOf: [10, 20, 30, ...Array.from({ length: 1440 }, (_, at) => (at + 1) * 60)],
      source: 'AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html',
    },
  },
  'aws:cloudwatch/dashboard:Dashboard': {
    dashboardName: {
      max: 255,
      pattern: '[A-Za-z0-9_-]+',
      source: 'AmazonCloudWatch/latest/APIReference/API_PutDashboard.html',
    },
    dashboardBody: { maxBytes: 1_048_576, source: 'AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html' },
  },
  'aws:cloudwatch/logGroup:LogGroup': {
    retentionInDays: {
      oneOf: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      source: 'AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html',
    },
  },
  'aws:cloudwatch/eventRule:EventRule': {
    eventPattern: { max: 2048, source: 'eventbridge/latest/userguide/eb-quota.html' },
  },
  'aws:cloudtrail/trail:Trail': {
    name: {
      min: 3,
      max: 128,
      pattern: '[A-Za-z0-9]+([._-][A-Za-z0-9]+)*',
      source: 'awscloudtrail/latest/APIReference/API_CreateTrail.html',
    },
    s3BucketName: bucketNames,
  },
  'aws:sns/topic:Topic': {
    name: { min: 1, max: 256, pattern: '[A-Za-z0-9_-]+', source: 'sns/latest/api/API_CreateTopic.html' },
  },
  'aws:sns/topicPolicy:TopicPolicy': {
    policy: {
      maxBytes: 30_720,
      source: 'sns/latest/dg/sns-access-policy-language-api-permissions-reference.html',
    },
  },
  'aws:sns/topicSubscription:TopicSubscription': {
    protocol: {
      oneOf: ['http', 'https', 'email', 'email-json', 'sms', 'sqs', 'application', 'lambda', 'firehose'],
      source: 'sns/latest/api/API_Subscribe.html',
    },
  },
  'aws:codebuild/project:Project': {
    buildTimeout: { min: 5, max: 2160, source: 'codebuild/latest/APIReference/API_CreateProject.html' },
  },
};
