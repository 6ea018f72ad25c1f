/** Inputs that the provider cannot change in place. */
export interface Replacing {
  /** A new value of one of these inputs replaces the resource. */
  readonly inputs: readonly string[];
  /**
   * The provider's file, relative to `SOURCE` of `aws-api/mapping.ts`, and the commit that was read. `(2023 or before)`: the date of that
   * commit. `unchanged in 2024`: a text of 2024, whose commit is not known, has the same rules.
   */
  readonly source: string;
}

/**
 * The inputs of the program that AWS cannot change in place, by resource type. In the provider's files, read in November 2026, they have
 * `ForceNew: true` or the plan modifier `RequiresReplace()`.
 *
 * The table omits rules that depend on more than one value:
 * - a network balancer's subnets and groups
 * - a change to an older engine
 * - `privateDnsEnabled` of an endpoint that is no interface
 * - the IPv6 range of a subnet that assigned addresses
 * - the source of a security group's rule, if it changes from addresses to a group (ModifyPlan in the ingress rule's file)
 *
 * It also omits `policyDetails.schedules[].copyTags` of a DLM policy, because the program never changes it.
 */
export const REPLACING: Readonly<Record<string, Replacing>> = {
  'aws:acm/certificate:Certificate': {
    inputs: ['domainName', 'keyAlgorithm', 'validationMethod'],
    source: 'acm/certificate.go@01661ea3',
  },
  'aws:acm/certificateValidation:CertificateValidation': {
    inputs: ['certificateArn', 'validationRecordFqdns'],
    source: 'acm/certificate_validation.go@004eea7f',
  },
  'aws:autoscaling/group:Group': { inputs: ['initialLifecycleHooks', 'name'], source: 'autoscaling/group.go@00a919d1' },
  'aws:autoscaling/policy:Policy': {
    inputs: ['autoscalingGroupName', 'name'],
    source: 'autoscaling/policy.go@007ce0a8',
  },
  'aws:budgets/budget:Budget': { inputs: ['name'], source: 'budgets/budget.go@01d5888a' },
  'aws:cloudfront/distribution:Distribution': {
    inputs: [],
    source: 'cloudfront/distribution.go@023c8e5c (2023 or before)',
  },
  'aws:cloudfront/originAccessControl:OriginAccessControl': {
    inputs: [],
    source: 'cloudfront/origin_access_control.go@01c08000 (2023 or before)',
  },
  'aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy': {
    inputs: [],
    source: 'cloudfront/response_headers_policy.go@0015017a (2023 or before)',
  },
  'aws:cloudtrail/trail:Trail': { inputs: ['name'], source: 'cloudtrail/trail.go@0a9af16a' },
  'aws:cloudwatch/dashboard:Dashboard': { inputs: ['dashboardName'], source: 'cloudwatch/dashboard.go@0620f2a6' },
  'aws:cloudwatch/eventRule:EventRule': { inputs: ['name'], source: 'events/rule.go@0cdab4ae' },
  'aws:cloudwatch/eventTarget:EventTarget': { inputs: ['rule', 'targetId'], source: 'events/target.go@0762c41e' },
  'aws:cloudwatch/logGroup:LogGroup': { inputs: ['name'], source: 'logs/group.go@0073593e' },
  'aws:cloudwatch/logMetricFilter:LogMetricFilter': {
    inputs: ['logGroupName', 'name'],
    source: 'logs/metric_filter.go@0f14e6f6',
  },
  'aws:cloudwatch/metricAlarm:MetricAlarm': { inputs: ['name'], source: 'cloudwatch/metric_alarm.go@055611a6' },
  'aws:codebuild/project:Project': { inputs: ['name'], source: 'codebuild/project.go@00a35305' },
  'aws:dlm/lifecyclePolicy:LifecyclePolicy': {
    inputs: [],
    source: 'dlm/lifecycle_policy.go@cc0fff0e (2023 or before)',
  },
  'aws:ebs/volume:Volume': {
    inputs: ['availabilityZone', 'encrypted', 'kmsKeyId', 'snapshotId'],
    source: 'ec2/ebs_volume.go@0073593e',
  },
  'aws:ec2/eip:Eip': { inputs: ['domain'], source: 'ec2/ec2_eip.go@01606926' },
  'aws:ec2/flowLog:FlowLog': {
    inputs: ['iamRoleArn', 'logDestination', 'logDestinationType', 'maxAggregationInterval', 'trafficType', 'vpcId'],
    source: 'ec2/vpc_flow_log.go@00a35305',
  },
  'aws:ec2/internetGateway:InternetGateway': {
    inputs: [],
    source: 'ec2/vpc_internet_gateway.go@08923b68 (2023 or before)',
  },
  'aws:ec2/launchTemplate:LaunchTemplate': {
    inputs: ['name'],
    source: 'ec2/ec2_launch_template.go@025e4f81 (2023 or before)',
  },
  'aws:ec2/natGateway:NatGateway': { inputs: ['allocationId', 'subnetId'], source: 'ec2/vpc_nat_gateway.go@04088eaa' },
  'aws:ec2/route:Route': {
    inputs: ['destinationCidrBlock', 'routeTableId'],
    source: 'ec2/vpc_route.go@0128541e (2023 or before)',
  },
  'aws:ec2/routeTable:RouteTable': { inputs: ['vpcId'], source: 'ec2/vpc_route_table.go@02209241 (2023 or before)' },
  'aws:ec2/routeTableAssociation:RouteTableAssociation': {
    inputs: ['subnetId'],
    source: 'ec2/vpc_route_table_association.go@0be71beb (2023 or before, unchanged in 2024)',
  },
  'aws:ec2/securityGroup:SecurityGroup': {
    inputs: ['description', 'name', 'vpcId'],
    source: 'ec2/vpc_security_group.go@01606926',
  },
  'aws:ec2/subnet:Subnet': { inputs: ['availabilityZone', 'cidrBlock', 'vpcId'], source: 'ec2/vpc_subnet.go@00cda125' },
  'aws:ec2/tag:Tag': { inputs: ['key', 'resourceId'], source: 'ec2/tag_gen.go@02209241 (2023 or before)' },
  'aws:ec2/vpc:Vpc': { inputs: ['cidrBlock'], source: 'ec2/vpc_.go@00081ce4' },
  'aws:ec2/vpcEndpoint:VpcEndpoint': {
    inputs: ['serviceName', 'vpcEndpointType', 'vpcId'],
    source: 'ec2/vpc_endpoint.go@008db85a',
  },
  'aws:ecr/lifecyclePolicy:LifecyclePolicy': {
    inputs: ['policy', 'repository'],
    source: 'ecr/lifecycle_policy.go@00a35305',
  },
  'aws:ecr/repository:Repository': {
    inputs: ['encryptionConfigurations', 'name'],
    source: 'ecr/repository.go@0072eea2 (2023 or before)',
  },
  'aws:elasticache/parameterGroup:ParameterGroup': {
    inputs: ['description', 'family', 'name'],
    source: 'elasticache/parameter_group.go@0593466d',
  },
  'aws:elasticache/replicationGroup:ReplicationGroup': {
    inputs: ['atRestEncryptionEnabled', 'port', 'replicationGroupId', 'subnetGroupName'],
    source: 'elasticache/replication_group.go@001b6364',
  },
  'aws:elasticache/subnetGroup:SubnetGroup': {
    inputs: ['name'],
    source: 'elasticache/subnet_group.go@01c08000 (2023 or before, unchanged in 2024)',
  },
  'aws:iam/instanceProfile:InstanceProfile': { inputs: ['name'], source: 'iam/instance_profile.go@013f1736' },
  'aws:iam/role:Role': { inputs: ['name'], source: 'iam/role.go@0040ea69 (2023 or before)' },
  'aws:iam/rolePolicy:RolePolicy': { inputs: ['name', 'role'], source: 'iam/role_policy.go@02f97af8' },
  'aws:kms/alias:Alias': { inputs: ['name'], source: 'kms/alias.go@01c08000 (2023 or before, unchanged in 2024)' },
  'aws:kms/key:Key': { inputs: ['customerMasterKeySpec', 'keyUsage', 'multiRegion'], source: 'kms/key.go@00a35305' },
  'aws:lb/listener:Listener': { inputs: ['loadBalancerArn'], source: 'elbv2/listener.go@01c08000 (2023 or before)' },
  'aws:lb/loadBalancer:LoadBalancer': {
    inputs: ['internal', 'loadBalancerType', 'name'],
    source: 'elbv2/load_balancer.go@00edc94b',
  },
  'aws:lb/targetGroup:TargetGroup': {
    inputs: ['name', 'port', 'protocol', 'targetType', 'vpcId'],
    source: 'elbv2/target_group.go@013cfb4c',
  },
  'aws:rds/instance:Instance': {
    inputs: ['dbName', 'engine', 'storageEncrypted', 'username'],
    source: 'rds/instance.go@00e4b238 (2023 or before)',
  },
  'aws:rds/parameterGroup:ParameterGroup': {
    inputs: ['description', 'family', 'name'],
    source: 'rds/parameter_group.go@01606926',
  },
  'aws:rds/subnetGroup:SubnetGroup': {
    inputs: ['name'],
    source: 'rds/subnet_group.go@01c08000 (2023 or before, unchanged in 2024)',
  },
  'aws:route53/record:Record': { inputs: ['name', 'zoneId'], source: 'route53/record.go@00655c16' },
  'aws:s3/bucket:Bucket': { inputs: ['bucket'], source: 's3/bucket.go@0070bcd1 (2023 or before)' },
  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': {
    inputs: ['bucket'],
    source: 's3/bucket_lifecycle_configuration.go@01606926',
  },
  'aws:s3/bucketObjectv2:BucketObjectv2': { inputs: ['bucket', 'key'], source: 's3/object.go@033c721b' },
  'aws:s3/bucketOwnershipControls:BucketOwnershipControls': {
    inputs: ['bucket'],
    source: 's3/bucket_ownership_controls.go@01c08000 (2023 or before, unchanged in 2024)',
  },
  'aws:s3/bucketPolicy:BucketPolicy': { inputs: ['bucket'], source: 's3/bucket_policy.go@0073593e' },
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': {
    inputs: ['bucket'],
    source: 's3/bucket_public_access_block.go@01606926',
  },
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': {
    inputs: ['bucket'],
    source: 's3/bucket_server_side_encryption_configuration.go@01606926',
  },
  'aws:s3/bucketVersioning:BucketVersioning': {
    inputs: ['bucket'],
    source: 's3/bucket_versioning.go@01c08000 (2023 or before, unchanged in 2024)',
  },
  'aws:secretsmanager/secret:Secret': { inputs: ['name'], source: 'secretsmanager/secret.go@00c21ced' },
  'aws:secretsmanager/secretRotation:SecretRotation': {
    inputs: ['secretId'],
    source: 'secretsmanager/secret_rotation.go@0413c661',
  },
  'aws:secretsmanager/secretVersion:SecretVersion': {
    inputs: ['secretId', 'secretStringWoVersion'],
    source: 'secretsmanager/secret_version.go@0042e8ea',
  },
  'aws:sns/topic:Topic': { inputs: ['name'], source: 'sns/topic.go@00a35305' },
  'aws:sns/topicPolicy:TopicPolicy': { inputs: ['arn'], source: 'sns/topic_policy.go@00a35305' },
  'aws:sns/topicSubscription:TopicSubscription': {
    inputs: ['endpoint', 'protocol', 'topic'],
    source: 'sns/topic_subscription.go@04a2e6e5',
  },
  'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': {
    inputs: ['securityGroupId'],
    source: 'ec2/vpc_security_group_egress_rule.go@050ac111 (2023 or before, unchanged in 2024)',
  },
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': {
    inputs: ['securityGroupId'],
    source: 'ec2/vpc_security_group_ingress_rule.go@00a32209 (2023 or before, unchanged in 2024)',
  },
};
