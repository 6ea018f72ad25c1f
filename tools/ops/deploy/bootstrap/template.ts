import { DATA_RIGHTS, LOOK_RIGHTS, NETWORK_RIGHTS, WATCH_RIGHTS, type Right, type ServiceRights } from './rights';

/** A part of a CloudFormation template. */
type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

const sub = (text: string): Value => ({ 'Fn::Sub': text });
const arn = (path: string): Value => sub(`arn:\${AWS::Partition}:${path}`);
const fill = (path: string): string =>
  path.replaceAll('<account>', '${AWS::AccountId}').replaceAll('<region>', '${AWS::Region}');
const joined = (text: string): Value => (text.includes('<') ? sub(fill(text)) : text);

/** These names are fixed, so that a second run finds the same resources and the deployer's policy can name them. */
export const BOOTSTRAP_STACK = 'communique-tee-bootstrap';
export const STATE_KEY_ALIAS = 'alias/communique-tee-pulumi';
export const DEPLOYERS = ['communique-tee-deployer-1', 'communique-tee-deployer-2'] as const;
const PREVIEWER = 'communique-tee-previewer';
const OWN_POLICIES = 'communique-tee-deployment-';

const statement = ({ actions, on, condition }: Right): Value => ({
  Effect: 'Allow',
  Action: actions,
  Resource: on.includes('*') ? '*' : on.map((path) => arn(fill(path))),
  ...(condition && {
    Condition: Object.fromEntries(
      Object.entries(condition).map(([operator, keys]) => [
        operator,
        Object.fromEntries(
          Object.entries(keys).map(([key, value]) => [key, typeof value === 'string' ? joined(value) : value]),
        ),
      ]),
    ),
  }),
});
const policy = (name: string, description: string, statements: readonly Value[]): Value => ({
  Type: 'AWS::IAM::ManagedPolicy',
  Properties: {
    ManagedPolicyName: `${OWN_POLICIES}${name}`,
    Description: description,
    PolicyDocument: { Version: '2012-10-17', Statement: statements },
  },
});
const statementsOf = (services: readonly ServiceRights[]): Value[] =>
  services.flatMap(({ statements }) => statements.map(statement));

const STATE = 's3:::communique-tee-pulumi-state-<account>-<region>';
const STATE_RIGHTS: readonly Value[] = [
  {
    Effect: 'Allow',
    Action: ['s3:ListBucket', 's3:GetBucketLocation', 's3:GetObject', 's3:PutObject', 's3:DeleteObject'],
    Resource: [arn(fill(STATE)), arn(fill(`${STATE}/*`))],
  },
  {
    Effect: 'Allow',
    Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'],
    Resource: { 'Fn::GetAtt': ['StateKey', 'Arn'] },
  },
  {
    // A deployer can neither delete the state nor widen its own rights.
    Effect: 'Deny',
    Action: ['s3:DeleteBucket*', 's3:PutBucket*', 's3:PutEncryptionConfiguration', 's3:DeleteObjectVersion'],
    Resource: [arn(fill(STATE)), arn(fill(`${STATE}/*`))],
  },
  {
    Effect: 'Deny',
    Action: ['kms:ScheduleKeyDeletion', 'kms:PutKeyPolicy'],
    Resource: { 'Fn::GetAtt': ['StateKey', 'Arn'] },
  },
  {
    Effect: 'Deny',
    NotAction: ['iam:Get*', 'iam:List*', 'sts:*'],
    Resource: [
      ...[...DEPLOYERS, PREVIEWER].map((name) => arn(fill(`iam::<account>:role/${name}`))),
      arn(fill(`iam::<account>:policy/${OWN_POLICIES}*`)),
    ],
  },
];

const deployer = (name: string, who: string): Value => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName: name,
    Description: 'Deploys communique-tee, and administers its keys',
    // Four hours: an update and the refresh after it take up to two.
    MaxSessionDuration: 14_400,
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: { Ref: who } }, Action: 'sts:AssumeRole' }],
    },
    ManagedPolicyArns: ['NetworkPolicy', 'DataPolicy', 'WatchPolicy', 'StatePolicy'].map((Ref) => ({ Ref })),
  },
});

const GITHUB = 'token.actions.githubusercontent.com';

/** May only read what `pulumi preview` of a pull request needs. */
const previewer: Value = {
  Type: 'AWS::IAM::Role',
  Condition: 'HasGitHub',
  Properties: {
    RoleName: PREVIEWER,
    Description: 'Previews communique-tee for pull requests; changes nothing',
    MaxSessionDuration: 3600,
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: {
            Federated: {
              'Fn::If': [
                'MakesProvider',
                { Ref: 'GitHubProvider' },
                arn(fill(`iam::<account>:oidc-provider/${GITHUB}`)),
              ],
            },
          },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: {
              [`${GITHUB}:aud`]: 'sts.amazonaws.com',
              [`${GITHUB}:sub`]: sub('repo:${GitHubRepository}:pull_request'),
            },
          },
        },
      ],
    },
    Policies: [
      {
        PolicyName: 'look',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: ['s3:ListBucket', 's3:GetObject'],
              Resource: [arn(fill(STATE)), arn(fill(`${STATE}/*`))],
            },
            {
              Effect: 'Allow',
              Action: ['kms:Decrypt', 'kms:DescribeKey'],
              Resource: { 'Fn::GetAtt': ['StateKey', 'Arn'] },
            },
            {
              Effect: 'Allow',
              Action: [
                'ec2:DescribeInstanceTypeOfferings',
                // For look-ups of what the operator made: addresses, certificate, network.
                ...['Addresses', 'AddressesAttribute', 'Subnets', 'RouteTables', 'NatGateways'].map(
                  (what) => `ec2:Describe${what}`,
                ),
                ...['ListCertificates', 'DescribeCertificate', 'GetCertificate', 'ListTagsForCertificate'].map(
                  (action) => `acm:${action}`,
                ),
                'route53:ListHostedZones*',
                'route53:GetHostedZone',
                'route53:ListTagsForResource',
              ],
              Resource: '*',
            },
            {
              Effect: 'Allow',
              Action: ['ssm:GetParameter'],
              Resource: [arn(fill('ssm:<region>::parameter/aws/service/*'))],
            },
            { Effect: 'Allow', Action: ['iam:GetRole'], Resource: [arn(fill(`iam::<account>:role/${PREVIEWER}`))] },
          ],
        },
      },
    ],
  },
};

/**
 * Everything that must exist before the first `pulumi login`: one CloudFormation stack per account and region. The text must be ASCII:
 * CloudFormation returns `?` for other characters, so the template would look changed.
 */
export const bootstrapTemplate = {
  AWSTemplateFormatVersion: '2010-09-09',
  Description: 'communique-tee: where Pulumi keeps its state, and who may deploy',
  Parameters: {
    FirstDeployer: { Type: 'String', Description: 'ARN of who may assume the first role' },
    SecondDeployer: { Type: 'String', Description: 'ARN of who may assume the second role' },
    GitHubRepository: {
      Type: 'String',
      Default: '',
      AllowedPattern: '^([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)?$',
      Description: 'owner/repository whose pull requests may preview; empty: none',
    },
    GitHubProviderExists: { Type: 'String', Default: 'false', AllowedValues: ['true', 'false'] },
  },
  Conditions: {
    HasGitHub: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'GitHubRepository' }, ''] }] },
    MakesProvider: {
      'Fn::And': [{ Condition: 'HasGitHub' }, { 'Fn::Equals': [{ Ref: 'GitHubProviderExists' }, 'false'] }],
    },
  },
  Resources: {
    StateKey: {
      Type: 'AWS::KMS::Key',
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        Description: "Secrets of Pulumi's state",
        EnableKeyRotation: true,
        KeyPolicy: {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Principal: { AWS: arn(fill('iam::<account>:root')) }, Action: 'kms:*', Resource: '*' },
          ],
        },
      },
    },
    StateKeyAlias: {
      Type: 'AWS::KMS::Alias',
      Properties: { AliasName: STATE_KEY_ALIAS, TargetKeyId: { Ref: 'StateKey' } },
    },
    StateBucket: {
      Type: 'AWS::S3::Bucket',
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BucketName: sub(fill('communique-tee-pulumi-state-<account>-<region>')),
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            {
              BucketKeyEnabled: true,
              ServerSideEncryptionByDefault: {
                SSEAlgorithm: 'aws:kms',
                KMSMasterKeyID: { 'Fn::GetAtt': ['StateKey', 'Arn'] },
              },
            },
          ],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        LifecycleConfiguration: {
          Rules: [
            {
              Id: 'old-states',
              Status: 'Enabled',
              NoncurrentVersionExpiration: { NoncurrentDays: 365 },
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
            },
          ],
        },
      },
    },
    StateBucketPolicy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        Bucket: { Ref: 'StateBucket' },
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'TlsOnly',
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:*',
              Resource: [{ 'Fn::GetAtt': ['StateBucket', 'Arn'] }, sub('${StateBucket.Arn}/*')],
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            },
          ],
        },
      },
    },
    NetworkPolicy: policy('network', 'Network and machines', statementsOf(NETWORK_RIGHTS)),
    DataPolicy: policy('data', 'Stores and names', statementsOf(DATA_RIGHTS)),
    WatchPolicy: policy('watch', 'Rights, keys and alarms', statementsOf(WATCH_RIGHTS)),
    StatePolicy: policy('state', "Pulumi's state, look-ups, and what a deployer may not", [
      ...LOOK_RIGHTS.map(statement),
      ...STATE_RIGHTS,
    ]),
    FirstRole: deployer(DEPLOYERS[0], 'FirstDeployer'),
    SecondRole: deployer(DEPLOYERS[1], 'SecondDeployer'),
    GitHubProvider: {
      Type: 'AWS::IAM::OIDCProvider',
      Condition: 'MakesProvider',
      Properties: { Url: `https://${GITHUB}`, ClientIdList: ['sts.amazonaws.com'] },
    },
    PreviewRole: previewer,
  },
  Outputs: {
    StateBucket: { Value: { Ref: 'StateBucket' } },
    FirstRole: { Value: { 'Fn::GetAtt': ['FirstRole', 'Arn'] } },
    SecondRole: { Value: { 'Fn::GetAtt': ['SecondRole', 'Arn'] } },
    PreviewRole: { Condition: 'HasGitHub', Value: { 'Fn::GetAtt': ['PreviewRole', 'Arn'] } },
  },
} as const satisfies Readonly<Record<string, Value>>;

export const templateText = (): string => `${JSON.stringify(bootstrapTemplate, undefined, 2)}\n`;
