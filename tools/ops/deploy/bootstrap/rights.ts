/** A deployer's rights to some of the resource types that the Pulumi program creates. */
export interface ServiceRights {
  /** By resource type, as `ops preview --json` names it: the IAM action that creates a resource. A spec fails if a type is missing. */
  readonly makes: Readonly<Record<string, string>>;
  readonly statements: readonly Right[];
}

export interface Right {
  readonly actions: readonly string[];
  /** ARNs without their `arn:<partition>:`, with `<account>` and `<region>` as placeholders; `*` if AWS accepts no narrower one. */
  readonly on: readonly string[];
  readonly condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const NAMES = 'communique-tee-*';
/** Most EC2 actions cannot be limited to resources by name, so this condition limits them to the region. */
const HERE = { StringEquals: { 'aws:RequestedRegion': '<region>' } } as const;

/** The first of the deployer's policies: network and machines. */
export const NETWORK_RIGHTS: readonly ServiceRights[] = [
  {
    makes: {
      'ec2.Vpc': 'ec2:CreateVpc',
      'ec2.Subnet': 'ec2:CreateSubnet',
      'ec2.Tag': 'ec2:CreateTags',
      'ec2.InternetGateway': 'ec2:CreateInternetGateway',
      'ec2.NatGateway': 'ec2:CreateNatGateway',
      'ec2.Eip': 'ec2:AllocateAddress',
      'ec2.RouteTable': 'ec2:CreateRouteTable',
      'ec2.Route': 'ec2:CreateRoute',
      'ec2.RouteTableAssociation': 'ec2:AssociateRouteTable',
      'ec2.VpcEndpoint': 'ec2:CreateVpcEndpoint',
      'ec2.FlowLog': 'ec2:CreateFlowLogs',
      'ec2.SecurityGroup': 'ec2:CreateSecurityGroup',
      'vpc.SecurityGroupIngressRule': 'ec2:AuthorizeSecurityGroupIngress',
      'vpc.SecurityGroupEgressRule': 'ec2:AuthorizeSecurityGroupEgress',
      'ec2.LaunchTemplate': 'ec2:CreateLaunchTemplate',
      'ebs.Volume': 'ec2:CreateVolume',
    },
    statements: [
      { actions: ['ec2:Describe*', 'ec2:GetConsoleOutput'], on: ['*'] },
      {
        actions: [
          ...['Vpc', 'Subnet', 'InternetGateway', 'NatGateway', 'RouteTable', 'Route', 'SecurityGroup'].flatMap(
            (what) => [`ec2:Create${what}`, `ec2:Delete${what}`],
          ),
          ...['LaunchTemplate', 'Volume', 'FlowLogs', 'Tags'].flatMap((what) => [
            `ec2:Create${what}`,
            `ec2:Delete${what}`,
          ]),
          ...['ec2:CreateVpcEndpoint', 'ec2:DeleteVpcEndpoints', 'ec2:ModifyVpcEndpoint'],
          ...['ec2:ModifyVpcAttribute', 'ec2:ModifySubnetAttribute', 'ec2:ModifyVolume', 'ec2:ModifyLaunchTemplate'],
          ...['ec2:CreateLaunchTemplateVersion', 'ec2:DeleteLaunchTemplateVersions', 'ec2:CreateSnapshot'],
          ...['ec2:AttachInternetGateway', 'ec2:DetachInternetGateway'],
          ...['ec2:AllocateAddress', 'ec2:ReleaseAddress', 'ec2:AssociateAddress', 'ec2:DisassociateAddress'],
          ...['ec2:AssociateRouteTable', 'ec2:DisassociateRouteTable', 'ec2:ReplaceRoute'],
          ...['ec2:ReplaceRouteTableAssociation', 'ec2:ModifySecurityGroupRules'],
          ...['ec2:AuthorizeSecurityGroupIngress', 'ec2:AuthorizeSecurityGroupEgress'],
          ...['ec2:RevokeSecurityGroupIngress', 'ec2:RevokeSecurityGroupEgress'],
          // An Auto Scaling group starts instances with the rights of the caller who creates or changes the group.
          ...['ec2:RunInstances', 'ec2:TerminateInstances'],
        ],
        on: ['*'],
        condition: HERE,
      },
    ],
  },
  {
    makes: {
      'autoscaling.Group': 'autoscaling:CreateAutoScalingGroup',
      'autoscaling.Policy': 'autoscaling:PutScalingPolicy',
    },
    statements: [
      { actions: ['autoscaling:Describe*'], on: ['*'] },
      {
        actions: [
          ...['CreateAutoScalingGroup', 'UpdateAutoScalingGroup', 'DeleteAutoScalingGroup', 'PutScalingPolicy'],
          ...['DeletePolicy', 'PutLifecycleHook', 'DeleteLifecycleHook', 'EnableMetricsCollection'],
          ...['DisableMetricsCollection', 'CreateOrUpdateTags', 'DeleteTags', 'SetDesiredCapacity'],
          ...['StartInstanceRefresh', 'CancelInstanceRefresh', 'RollbackInstanceRefresh', 'AttachTrafficSources'],
          ...['DetachTrafficSources', 'AttachLoadBalancerTargetGroups', 'DetachLoadBalancerTargetGroups'],
          ...['SuspendProcesses', 'ResumeProcesses', 'TerminateInstanceInAutoScalingGroup'],
        ].map((action) => `autoscaling:${action}`),
        on: [`autoscaling:<region>:<account>:autoScalingGroup:*:autoScalingGroupName/${NAMES}`],
      },
    ],
  },
  {
    makes: {
      'lb.LoadBalancer': 'elasticloadbalancing:CreateLoadBalancer',
      'lb.TargetGroup': 'elasticloadbalancing:CreateTargetGroup',
      'lb.Listener': 'elasticloadbalancing:CreateListener',
    },
    statements: [
      { actions: ['elasticloadbalancing:Describe*'], on: ['*'] },
      {
        actions: [
          ...[
            'Create*',
            'Delete*',
            'Modify*',
            'AddTags',
            'RemoveTags',
            'SetSecurityGroups',
            'SetSubnets',
            'SetIpAddressType',
          ],
          ...['RegisterTargets', 'DeregisterTargets'],
        ].map((action) => `elasticloadbalancing:${action}`),
        on: ['loadbalancer', 'targetgroup', 'listener'].map(
          (kind) => `elasticloadbalancing:<region>:<account>:${kind}/*communique-tee-*`,
        ),
      },
    ],
  },
  {
    makes: { 'dlm.LifecyclePolicy': 'dlm:CreateLifecyclePolicy' },
    statements: [
      {
        actions: ['Create', 'Update', 'Delete', 'Get']
          .map((verb) => `dlm:${verb}LifecyclePolicy`)
          .concat('dlm:TagResource', 'dlm:UntagResource', 'dlm:ListTagsForResource'),
        on: ['*'],
        condition: HERE,
      },
    ],
  },
];

/** The second of the deployer's policies: stores, DNS names, content delivery and builds. */
export const DATA_RIGHTS: readonly ServiceRights[] = [
  {
    makes: {
      's3.Bucket': 's3:CreateBucket',
      's3.BucketObjectv2': 's3:PutObject',
      's3.BucketPolicy': 's3:PutBucketPolicy',
      's3.BucketVersioning': 's3:PutBucketVersioning',
      's3.BucketPublicAccessBlock': 's3:PutBucketPublicAccessBlock',
      's3.BucketOwnershipControls': 's3:PutBucketOwnershipControls',
      's3.BucketServerSideEncryptionConfiguration': 's3:PutEncryptionConfiguration',
      's3.BucketLifecycleConfiguration': 's3:PutLifecycleConfiguration',
    },
    statements: [
      {
        actions: [
          'Get*',
          'List*',
          'CreateBucket',
          'DeleteBucket*',
          'PutBucket*',
          'PutEncryptionConfiguration',
          'PutLifecycleConfiguration',
          'PutObject',
          'PutObjectTagging',
          'DeleteObject*',
        ].map((action) => `s3:${action}`),
        on: [`s3:::${NAMES}`],
      },
    ],
  },
  {
    makes: {
      'rds.Instance': 'rds:CreateDBInstance',
      'rds.ParameterGroup': 'rds:CreateDBParameterGroup',
      'rds.SubnetGroup': 'rds:CreateDBSubnetGroup',
    },
    statements: [
      { actions: ['rds:Describe*', 'rds:ListTagsForResource'], on: ['*'] },
      {
        actions: ['Create', 'Modify', 'Delete']
          .flatMap((verb) => ['DBInstance', 'DBParameterGroup', 'DBSubnetGroup'].map((what) => `rds:${verb}${what}`))
          .concat(
            [
              'AddTagsToResource',
              'RemoveTagsFromResource',
              'CreateDBSnapshot',
              'RebootDBInstance',
              'RestoreDBInstance*',
              'ResetDBParameterGroup',
            ].map((action) => `rds:${action}`),
          ),
        on: ['db', 'pg', 'subgrp', 'snapshot'].map((kind) => `rds:<region>:<account>:${kind}:*`),
      },
    ],
  },
  {
    makes: {
      'elasticache.ReplicationGroup': 'elasticache:CreateReplicationGroup',
      'elasticache.ParameterGroup': 'elasticache:CreateCacheParameterGroup',
      'elasticache.SubnetGroup': 'elasticache:CreateCacheSubnetGroup',
    },
    statements: [
      { actions: ['elasticache:Describe*', 'elasticache:List*'], on: ['*'] },
      {
        actions: [
          'elasticache:Create*',
          'elasticache:Modify*',
          'elasticache:Delete*',
          'elasticache:AddTagsToResource',
          'elasticache:RemoveTagsFromResource',
          'elasticache:*ReplicaCount',
        ],
        on: ['elasticache:<region>:<account>:*:communique-tee-*', 'elasticache:<region>:<account>:parametergroup:*'],
      },
    ],
  },
  {
    makes: {
      'secretsmanager.Secret': 'secretsmanager:CreateSecret',
      'secretsmanager.SecretVersion': 'secretsmanager:PutSecretValue',
      'secretsmanager.SecretRotation': 'secretsmanager:RotateSecret',
    },
    statements: [
      {
        actions: [
          'CreateSecret',
          'DeleteSecret',
          'RestoreSecret',
          'UpdateSecret*',
          'PutSecretValue',
          'GetSecretValue',
          'DescribeSecret',
          'GetResourcePolicy',
          'RotateSecret',
          'CancelRotateSecret',
          'TagResource',
          'UntagResource',
        ].map((action) => `secretsmanager:${action}`),
        on: [
          'secretsmanager:<region>:<account>:secret:communique-tee/*',
          'secretsmanager:<region>:<account>:secret:rds!db-*',
        ],
      },
    ],
  },
  {
    makes: {
      'acm.Certificate': 'acm:RequestCertificate',
      'acm.CertificateValidation': 'acm:DescribeCertificate',
    },
    statements: [
      { actions: ['acm:ListCertificates'], on: ['*'] },
      {
        actions: [
          'acm:RequestCertificate',
          'acm:DescribeCertificate',
          'acm:GetCertificate',
          'acm:DeleteCertificate',
          'acm:*TagsToCertificate',
          'acm:*TagsFromCertificate',
          'acm:ListTagsForCertificate',
          'acm:UpdateCertificateOptions',
        ],
        on: ['acm:<region>:<account>:certificate/*'],
      },
    ],
  },
  {
    makes: { 'route53.Record': 'route53:ChangeResourceRecordSets' },
    statements: [
      { actions: ['route53:ListHostedZones*', 'route53:GetChange'], on: ['*'] },
      {
        actions: [
          'route53:GetHostedZone',
          'route53:ListResourceRecordSets',
          'route53:ListTagsForResource',
          'route53:ChangeResourceRecordSets',
        ],
        on: ['route53:::hostedzone/*'],
      },
    ],
  },
  {
    makes: {
      'cloudfront.OriginAccessControl': 'cloudfront:CreateOriginAccessControl',
      'cloudfront.ResponseHeadersPolicy': 'cloudfront:CreateResponseHeadersPolicy',
      'cloudfront.Distribution': 'cloudfront:CreateDistribution',
    },
    statements: [
      {
        actions: ['Distribution', 'OriginAccessControl', 'ResponseHeadersPolicy']
          .flatMap((what) =>
            ['Create', 'Update', 'Delete', 'Get'].map(
              (verb) => `cloudfront:${verb}${what}${verb === 'Get' ? '*' : ''}`,
            ),
          )
          .concat('cloudfront:TagResource', 'cloudfront:UntagResource', 'cloudfront:ListTagsForResource'),
        on: ['cloudfront::<account>:*'],
      },
    ],
  },
  {
    makes: { 'codebuild.Project': 'codebuild:CreateProject' },
    statements: [
      {
        actions: [
          'codebuild:CreateProject',
          'codebuild:UpdateProject',
          'codebuild:DeleteProject',
          'codebuild:BatchGetProjects',
          'codebuild:StartBuild',
          'codebuild:BatchGetBuilds',
        ],
        on: [`codebuild:<region>:<account>:project/${NAMES}`],
      },
    ],
  },
  {
    makes: { 'ecr.Repository': 'ecr:CreateRepository', 'ecr.LifecyclePolicy': 'ecr:PutLifecyclePolicy' },
    statements: [
      {
        actions: [
          'CreateRepository',
          'DeleteRepository',
          'DescribeRepositories',
          'PutLifecyclePolicy',
          'GetLifecyclePolicy',
          'DeleteLifecyclePolicy',
          'PutImageTagMutability',
          'PutImageScanningConfiguration',
          'TagResource',
          'UntagResource',
          'ListTagsForResource',
        ].map((action) => `ecr:${action}`),
        on: ['ecr:<region>:<account>:repository/communique-tee*'],
      },
    ],
  },
];

/** The third of the deployer's policies: IAM, keys, monitoring and alarms. */
export const WATCH_RIGHTS: readonly ServiceRights[] = [
  {
    makes: {
      'iam.Role': 'iam:CreateRole',
      'iam.RolePolicy': 'iam:PutRolePolicy',
      'iam.InstanceProfile': 'iam:CreateInstanceProfile',
    },
    statements: [
      {
        actions: [
          'CreateRole',
          'DeleteRole',
          'GetRole',
          'UpdateRole',
          'UpdateRoleDescription',
          'UpdateAssumeRolePolicy',
          'TagRole',
          'UntagRole',
          'ListRole*',
          'PutRolePolicy',
          'GetRolePolicy',
          'DeleteRolePolicy',
          'ListAttachedRolePolicies',
          'ListInstanceProfilesForRole',
        ].map((action) => `iam:${action}`),
        on: [`iam::<account>:role/${NAMES}`],
      },
      {
        actions: [
          'CreateInstanceProfile',
          'DeleteInstanceProfile',
          'GetInstanceProfile',
          'AddRoleToInstanceProfile',
          'RemoveRoleFromInstanceProfile',
          'TagInstanceProfile',
          'UntagInstanceProfile',
          'ListInstanceProfileTags',
        ].map((action) => `iam:${action}`),
        on: [`iam::<account>:instance-profile/${NAMES}`],
      },
      {
        actions: ['iam:PassRole'],
        on: [`iam::<account>:role/${NAMES}`],
        condition: {
          StringEquals: {
            'iam:PassedToService': [
              'ec2.amazonaws.com',
              'dlm.amazonaws.com',
              'vpc-flow-logs.amazonaws.com',
              'codebuild.amazonaws.com',
            ],
          },
        },
      },
      {
        actions: ['iam:CreateServiceLinkedRole'],
        on: ['iam::<account>:role/aws-service-role/*'],
        condition: {
          StringEquals: {
            'iam:AWSServiceName': [
              'autoscaling.amazonaws.com',
              'rds.amazonaws.com',
              'elasticache.amazonaws.com',
              'elasticloadbalancing.amazonaws.com',
            ],
          },
        },
      },
    ],
  },
  {
    // Each key's policy must allow these actions too. It names the administrators.
    makes: { 'kms.Key': 'kms:CreateKey', 'kms.Alias': 'kms:CreateAlias' },
    statements: [
      { actions: ['kms:CreateKey', 'kms:ListAliases', 'kms:ListKeys'], on: ['*'] },
      {
        actions: [
          'CreateAlias',
          'UpdateAlias',
          'DeleteAlias',
          'DescribeKey',
          'GetKeyPolicy',
          'GetKeyRotationStatus',
          'ListResourceTags',
          'PutKeyPolicy',
          'EnableKey',
          'EnableKeyRotation',
          'UpdateKeyDescription',
          'ScheduleKeyDeletion',
          'CancelKeyDeletion',
          'TagResource',
          'UntagResource',
          'Encrypt',
        ].map((action) => `kms:${action}`),
        on: ['kms:<region>:<account>:key/*', `kms:<region>:<account>:alias/${NAMES}`],
      },
    ],
  },
  {
    makes: { 'cloudwatch.MetricAlarm': 'cloudwatch:PutMetricAlarm', 'cloudwatch.Dashboard': 'cloudwatch:PutDashboard' },
    statements: [
      { actions: ['cloudwatch:Describe*', 'cloudwatch:ListTagsForResource'], on: ['*'] },
      {
        actions: [
          'PutMetricAlarm',
          'DeleteAlarms',
          'PutDashboard',
          'GetDashboard',
          'DeleteDashboards',
          'TagResource',
          'UntagResource',
        ].map((action) => `cloudwatch:${action}`),
        on: [`cloudwatch:<region>:<account>:alarm:${NAMES}`, `cloudwatch::<account>:dashboard/${NAMES}`],
      },
    ],
  },
  {
    makes: { 'cloudwatch.LogGroup': 'logs:CreateLogGroup', 'cloudwatch.LogMetricFilter': 'logs:PutMetricFilter' },
    statements: [
      { actions: ['logs:DescribeLogGroups', 'logs:CreateLogDelivery', 'logs:DeleteLogDelivery'], on: ['*'] },
      {
        actions: [
          'CreateLogGroup',
          'DeleteLogGroup',
          'PutRetentionPolicy',
          'DeleteRetentionPolicy',
          'PutLogGroupDeletionProtection',
          'PutMetricFilter',
          'DeleteMetricFilter',
          'DescribeMetricFilters',
          'DescribeLogStreams',
          'FilterLogEvents',
          'GetLogEvents',
          'TagResource',
          'UntagResource',
          'ListTagsForResource',
        ].map((action) => `logs:${action}`),
        on: [
          'logs:<region>:<account>:log-group:/communique-tee/*',
          'logs:<region>:<account>:log-group:/aws/rds/instance/communique-tee-*',
        ],
      },
    ],
  },
  {
    makes: { 'cloudwatch.EventRule': 'events:PutRule', 'cloudwatch.EventTarget': 'events:PutTargets' },
    statements: [
      {
        actions: [
          'PutRule',
          'DeleteRule',
          'DescribeRule',
          'PutTargets',
          'RemoveTargets',
          'ListTargetsByRule',
          'ListTagsForResource',
          'TagResource',
          'UntagResource',
        ].map((action) => `events:${action}`),
        on: [`events:<region>:<account>:rule/${NAMES}`],
      },
    ],
  },
  {
    makes: { 'cloudtrail.Trail': 'cloudtrail:CreateTrail' },
    statements: [
      { actions: ['cloudtrail:DescribeTrails', 'cloudtrail:ListTrails'], on: ['*'] },
      {
        actions: [
          'CreateTrail',
          'UpdateTrail',
          'DeleteTrail',
          'GetTrail',
          'GetTrailStatus',
          'GetEventSelectors',
          'PutEventSelectors',
          'GetInsightSelectors',
          'StartLogging',
          'StopLogging',
          'AddTags',
          'RemoveTags',
          'ListTags',
        ].map((action) => `cloudtrail:${action}`),
        on: [`cloudtrail:<region>:<account>:trail/${NAMES}`],
      },
    ],
  },
  {
    makes: {
      'sns.Topic': 'sns:CreateTopic',
      'sns.TopicPolicy': 'sns:SetTopicAttributes',
      'sns.TopicSubscription': 'sns:Subscribe',
    },
    statements: [
      {
        actions: [
          'CreateTopic',
          'DeleteTopic',
          'GetTopicAttributes',
          'SetTopicAttributes',
          'Subscribe',
          'Unsubscribe',
          'GetSubscriptionAttributes',
          'SetSubscriptionAttributes',
          'ListSubscriptionsByTopic',
          'TagResource',
          'UntagResource',
          'ListTagsForResource',
        ].map((action) => `sns:${action}`),
        on: [`sns:<region>:<account>:${NAMES}`],
      },
    ],
  },
  {
    makes: { 'budgets.Budget': 'budgets:ModifyBudget' },
    statements: [
      {
        actions: [
          'budgets:ModifyBudget',
          'budgets:ViewBudget',
          'budgets:TagResource',
          'budgets:UntagResource',
          'budgets:ListTagsForResource',
        ],
        on: [`budgets::<account>:budget/${NAMES}`],
      },
    ],
  },
];

/** Rights for what the Pulumi program and preflight look up in the account, and to activate a cost allocation tag. */
export const LOOK_RIGHTS: readonly Right[] = [
  { actions: ['ssm:GetParameter'], on: ['ssm:<region>::parameter/aws/service/*'] },
  {
    actions: ['servicequotas:GetServiceQuota', 'ce:ListCostAllocationTags', 'ce:UpdateCostAllocationTagsStatus'],
    on: ['*'],
  },
  // Preflight checks that the secret of `databaseUrlSecret` exists. It may not read the secret's value.
  { actions: ['secretsmanager:DescribeSecret'], on: ['secretsmanager:<region>:<account>:secret:*'] },
  { actions: ['iam:GetRole', 'iam:GetUser'], on: ['iam::<account>:role/*', 'iam::<account>:user/*'] },
];
