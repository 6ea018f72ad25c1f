import * as z from 'zod';
import { NoId, type Account } from './account';

/** A resource whose id at AWS is not known yet. */
export interface Wanted {
  readonly name: string;
  readonly account: Account;
  /** Returns an input. If the input refers to another resource, returns that resource's id. @throws NoId */
  input(key: string): Promise<string>;
  /** Returns the ARN of the resource at AWS that has this resource's Name tag. @throws NoId */
  tagged(kind: string): Promise<string>;
  /** `hostedZone` in the stack's configuration. */
  readonly hostedZone: string | undefined;
}

interface ImportId {
  /** @throws NoId */
  id(wanted: Wanted): Promise<string>;
  /** The page below SOURCE whose section "Import" describes the form of the id. */
  readonly source: string;
}
interface LeftOut {
  /** Why the resource is not imported, and what `pulumi up` then does. */
  readonly leftOut: string;
}

/** The documentation of hashicorp/terraform-provider-aws, from which Pulumi's provider is generated. */
export const SOURCE = 'https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/';

const by = (source: string, key = 'name'): ImportId => ({ source, id: (wanted) => wanted.input(key) });
/** The id is the part of the ARN after the last slash. */
const byTag = (source: string, kind: string): ImportId => ({
  source,
  id: async (wanted) => afterSlash(await wanted.tagged(kind)),
});
const byTaggedArn = (source: string, kind: string): ImportId => ({ source, id: (wanted) => wanted.tagged(kind) });
const joined = (source: string, separator: string, ...keys: string[]): ImportId => ({
  source,
  id: async (wanted) => (await Promise.all(keys.map((key) => wanted.input(key)))).join(separator),
});

const afterSlash = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** How to find the id, by type of resource. */
export const IMPORT_IDS: Readonly<Record<string, ImportId | LeftOut>> = {
  'aws:ec2/vpc:Vpc': byTag('vpc', 'ec2:vpc'),
  'aws:ec2/subnet:Subnet': byTag('subnet', 'ec2:subnet'),
  'aws:ec2/internetGateway:InternetGateway': byTag('internet_gateway', 'ec2:internet-gateway'),
  'aws:ec2/natGateway:NatGateway': byTag('nat_gateway', 'ec2:natgateway'),
  'aws:ec2/routeTable:RouteTable': byTag('route_table', 'ec2:route-table'),
  'aws:ec2/routeTableAssociation:RouteTableAssociation': joined(
    'route_table_association',
    '/',
    'subnetId',
    'routeTableId',
  ),
  'aws:ec2/route:Route': joined('route', '_', 'routeTableId', 'destinationCidrBlock'),
  'aws:ec2/vpcEndpoint:VpcEndpoint': byTag('vpc_endpoint', 'ec2:vpc-endpoint'),
  'aws:ec2/flowLog:FlowLog': byTag('flow_log', 'ec2:vpc-flow-log'),
  'aws:ec2/eip:Eip': byTag('eip', 'ec2:elastic-ip'),
  'aws:ec2/tag:Tag': joined('ec2_tag', ',', 'resourceId', 'key'),
  'aws:ec2/launchTemplate:LaunchTemplate': byTag('launch_template', 'ec2:launch-template'),
  'aws:ec2/securityGroup:SecurityGroup': byTag('security_group', 'ec2:security-group'),
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': byTag(
    'vpc_security_group_ingress_rule',
    'ec2:security-group-rule',
  ),
  'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': byTag(
    'vpc_security_group_egress_rule',
    'ec2:security-group-rule',
  ),
  'aws:ebs/volume:Volume': byTag('ebs_volume', 'ec2:volume'),
  'aws:dlm/lifecyclePolicy:LifecyclePolicy': byTag('dlm_lifecycle_policy', 'dlm:policy'),
  'aws:autoscaling/group:Group': by('autoscaling_group'),
  'aws:autoscaling/policy:Policy': joined('autoscaling_policy', '/', 'autoscalingGroupName', 'name'),

  'aws:iam/role:Role': by('iam_role'),
  'aws:iam/instanceProfile:InstanceProfile': by('iam_instance_profile'),
  'aws:iam/rolePolicy:RolePolicy': joined('iam_role_policy', ':', 'role', 'name'),
  'aws:kms/key:Key': byTag('kms_key', 'kms:key'),
  'aws:kms/alias:Alias': by('kms_alias'),

  'aws:rds/instance:Instance': by('db_instance', 'identifier'),
  'aws:rds/subnetGroup:SubnetGroup': by('db_subnet_group'),
  'aws:rds/parameterGroup:ParameterGroup': by('db_parameter_group'),
  'aws:elasticache/replicationGroup:ReplicationGroup': by('elasticache_replication_group', 'replicationGroupId'),
  'aws:elasticache/subnetGroup:SubnetGroup': by('elasticache_subnet_group'),
  'aws:elasticache/parameterGroup:ParameterGroup': by('elasticache_parameter_group'),
  'aws:secretsmanager/secret:Secret': byTaggedArn('secretsmanager_secret', 'secretsmanager:secret'),
  'aws:secretsmanager/secretVersion:SecretVersion': {
    source: 'secretsmanager_secret_version',
    id: async (wanted) => {
      const arn = await wanted.input('secretId');
      return `${arn}|${await currentVersion(wanted.account, arn)}`;
    },
  },
  'aws:secretsmanager/secretRotation:SecretRotation': {
    source: 'secretsmanager_secret_rotation',
    id: ({ account, name }) => masterSecret(account, name),
  },

  'aws:s3/bucket:Bucket': by('s3_bucket', 'bucket'),
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': by('s3_bucket_public_access_block', 'bucket'),
  'aws:s3/bucketOwnershipControls:BucketOwnershipControls': by('s3_bucket_ownership_controls', 'bucket'),
  'aws:s3/bucketVersioning:BucketVersioning': by('s3_bucket_versioning', 'bucket'),
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': by(
    's3_bucket_server_side_encryption_configuration',
    'bucket',
  ),
  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': by('s3_bucket_lifecycle_configuration', 'bucket'),
  'aws:s3/bucketPolicy:BucketPolicy': by('s3_bucket_policy', 'bucket'),
  'aws:s3/bucketObjectv2:BucketObjectv2': joined('s3_object', '/', 'bucket', 'key'),

  'aws:lb/loadBalancer:LoadBalancer': byTaggedArn('lb', 'elasticloadbalancing:loadbalancer'),
  'aws:lb/targetGroup:TargetGroup': byTaggedArn('lb_target_group', 'elasticloadbalancing:targetgroup'),
  'aws:lb/listener:Listener': byTaggedArn('lb_listener', 'elasticloadbalancing:listener'),
  'aws:acm/certificate:Certificate': byTaggedArn('acm_certificate', 'acm:certificate'),
  'aws:acm/certificateValidation:CertificateValidation': {
    leftOut:
      'AWS has no such resource: `pulumi up` only waits until the certificate is issued, which has happened already',
  },
  'aws:route53/record:Record': {
    source: 'route53_record',
    id: async ({ account, hostedZone, name, input }) => {
      const zone = await zoneId(account, hostedZone);
      if (!name.endsWith('-proof')) return `${zone}_${await input('name')}_${await input('type')}`;
      const { name: proof, type } = await proofOf(account, name.slice(0, -'-proof'.length));
      return `${zone}_${proof}_${type}`;
    },
  },
  'aws:cloudfront/distribution:Distribution': byTag('cloudfront_distribution', 'cloudfront:distribution'),
  'aws:cloudfront/originAccessControl:OriginAccessControl': {
    source: 'cloudfront_origin_access_control',
    id: ({ account, name }) => originAccess(account, name),
  },
  'aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy': {
    source: 'cloudfront_response_headers_policy',
    id: ({ account, name }) => responseHeaders(account, name),
  },

  'aws:cloudwatch/logGroup:LogGroup': by('cloudwatch_log_group'),
  'aws:cloudwatch/logMetricFilter:LogMetricFilter': joined('cloudwatch_log_metric_filter', ':', 'logGroupName', 'name'),
  'aws:cloudwatch/metricAlarm:MetricAlarm': by('cloudwatch_metric_alarm'),
  'aws:cloudwatch/dashboard:Dashboard': by('cloudwatch_dashboard', 'dashboardName'),
  'aws:cloudwatch/eventRule:EventRule': by('cloudwatch_event_rule'),
  'aws:cloudwatch/eventTarget:EventTarget': joined('cloudwatch_event_target', '/', 'rule', 'targetId'),
  'aws:cloudtrail/trail:Trail': {
    source: 'cloudtrail',
    id: async ({ account, input }) =>
      `arn:${partitionOf(account.region)}:cloudtrail:${account.region}:${await account.accountId()}:trail/${await input('name')}`,
  },
  'aws:sns/topic:Topic': {
    source: 'sns_topic',
    id: async ({ account, input }) => topicArn(account, await input('name')),
  },
  'aws:sns/topicPolicy:TopicPolicy': {
    source: 'sns_topic_policy',
    id: ({ account, name }) => topicArn(account, name),
  },
  'aws:sns/topicSubscription:TopicSubscription': {
    source: 'sns_topic_subscription',
    id: async ({ account, name, input }) =>
      subscription(account, await topicArn(account, name), await input('endpoint')),
  },
  'aws:budgets/budget:Budget': {
    source: 'budgets_budget',
    id: async ({ account, input }) => `${await account.accountId()}:${await input('name')}`,
  },
  'aws:codebuild/project:Project': by('codebuild_project'),
  'aws:ecr/repository:Repository': by('ecr_repository'),
  'aws:ecr/lifecyclePolicy:LifecyclePolicy': by('ecr_lifecycle_policy', 'repository'),
};

/** Resources that are not imported, by name. */
export const LEFT_OUT_BY_NAME: readonly (readonly [name: RegExp, why: string])[] = [
  [
    /-parent-files$/,
    'its key depends on ids that AWS assigned: `pulumi up` stores the same bytes under the same key again',
  ],
];

const partitionOf = (region: string): string =>
  region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';

const topicArn = async (account: Account, name: string): Promise<string> =>
  `arn:${partitionOf(account.region)}:sns:${account.region}:${await account.accountId()}:${name}`;

async function currentVersion(account: Account, secretArn: string): Promise<string> {
  const { VersionIdsToStages: stages } = await account.ask(
    z.object({ VersionIdsToStages: z.record(z.string(), z.array(z.string())).default({}) }),
    ...(['secretsmanager', 'describe-secret', '--secret-id', secretArn] as const),
  );
  const [current] = Object.entries(stages).find(([, labels]) => labels.includes('AWSCURRENT')) ?? [];
  if (current === undefined) throw new NoId('absent', `${secretArn} has no value`);
  return current;
}

async function masterSecret(account: Account, identifier: string): Promise<string> {
  const { DBInstances: instances } = await account.ask(
    z.object({
      DBInstances: z.array(z.object({ MasterUserSecret: z.object({ SecretArn: z.string() }).optional() })),
    }),
    ...(['rds', 'describe-db-instances', '--db-instance-identifier', identifier] as const),
  );
  const arn = instances[0]?.MasterUserSecret?.SecretArn;
  if (arn === undefined) throw new NoId('absent', `RDS keeps no password of ${identifier}`);
  return arn;
}

async function zoneId(account: Account, zone: string | undefined): Promise<string> {
  if (zone === undefined) throw new NoId('absent', 'the stack has no hostedZone');
  const { HostedZones: zones } = await account.ask(
    z.object({
      HostedZones: z.array(
        z.object({ Id: z.string(), Name: z.string(), Config: z.object({ PrivateZone: z.boolean() }).optional() }),
      ),
    }),
    ...(['route53', 'list-hosted-zones-by-name', '--dns-name', zone] as const),
  );
  const own = zones.filter(({ Name, Config }) => Name === `${zone}.` && Config?.PrivateZone !== true);
  if (own.length > 1) throw new NoId('ambiguous', `there are several public zones ${zone}`);
  const [found] = own;
  if (found === undefined) throw new NoId('absent', `there is no public zone ${zone}`);
  return afterSlash(found.Id);
}

async function proofOf(account: Account, certificateName: string): Promise<{ name: string; type: string }> {
  const arn = await account.tagged('acm:certificate', certificateName);
  const { Certificate: certificate } = await account.ask(
    z.object({
      Certificate: z.object({
        DomainValidationOptions: z.array(
          z.object({ ResourceRecord: z.object({ Name: z.string(), Type: z.string() }).optional() }),
        ),
      }),
    }),
    ...(['acm', 'describe-certificate', '--certificate-arn', arn] as const),
  );
  const record = certificate.DomainValidationOptions[0]?.ResourceRecord;
  if (record === undefined) throw new NoId('absent', `ACM asks for no record of ${arn}`);
  return { name: record.Name.replace(/\.$/, ''), type: record.Type };
}

async function originAccess(account: Account, name: string): Promise<string> {
  const { OriginAccessControlList: list } = await account.ask(
    z.object({
      OriginAccessControlList: z.object({ Items: z.array(z.object({ Id: z.string(), Name: z.string() })).default([]) }),
    }),
    ...(['cloudfront', 'list-origin-access-controls'] as const),
  );
  const found = list.Items.find(({ Name }) => Name === name);
  if (found === undefined) throw new NoId('absent', `CloudFront has no origin access control ${name}`);
  return found.Id;
}

async function responseHeaders(account: Account, name: string): Promise<string> {
  const policy = z.object({
    ResponseHeadersPolicy: z.object({
      Id: z.string(),
      ResponseHeadersPolicyConfig: z.object({ Name: z.string() }),
    }),
  });
  const { ResponseHeadersPolicyList: list } = await account.ask(
    z.object({ ResponseHeadersPolicyList: z.object({ Items: z.array(policy).default([]) }) }),
    ...(['cloudfront', 'list-response-headers-policies', '--type', 'custom'] as const),
  );
  const found = list.Items.find((item) => item.ResponseHeadersPolicy.ResponseHeadersPolicyConfig.Name === name);
  if (found === undefined) throw new NoId('absent', `CloudFront has no response headers policy ${name}`);
  return found.ResponseHeadersPolicy.Id;
}

async function subscription(account: Account, topic: string, endpoint: string): Promise<string> {
  const { Subscriptions: all } = await account.ask(
    z.object({ Subscriptions: z.array(z.object({ SubscriptionArn: z.string(), Endpoint: z.string() })) }),
    ...(['sns', 'list-subscriptions-by-topic', '--topic-arn', topic] as const),
  );
  const found = all.find(
    ({ Endpoint, SubscriptionArn }) => Endpoint === endpoint && SubscriptionArn.startsWith('arn:'),
  );
  if (found === undefined)
    throw new NoId(
      'absent',
      `${endpoint} has not confirmed its subscription: after \`pulumi up\`, AWS sends another email`,
    );
  return found.SubscriptionArn;
}
