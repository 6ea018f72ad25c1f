import { workspaceRoot } from '@communique-tee/testing/harness';
import { runProgram } from '../preview/run-program';
import { notBuilt } from '../config/stand-ins';
import { stackConfig } from '../preview/stack-config';
import { RESOURCE_RULES, STACK_RULES, violationsOf, type RuleResource } from './index';
import { recordOf } from './rule';
import { ruleResources } from './seen-resources';

const root = workspaceRoot();
let good: RuleResource[];
beforeAll(async () => {
  const { resources } = await runProgram(
    'prod',
    stackConfig(root, 'prod', ['instances=2', 'balancer=application']).values,
    { root, standIn: notBuilt },
  );
  good = ruleResources(resources);
});

/** Returns the program's resources, and changes inputs of the first one whose type and end of name match. `undefined` removes an input. */
const changed = (
  type: string,
  inputs: Record<string, unknown> | ((props: RuleResource['props']) => Record<string, unknown>),
  end = '',
): RuleResource[] => {
  const index = good.findIndex((resource) => resource.type === type && resource.name.endsWith(end));
  const found = good[index];
  if (found === undefined) throw new Error(`the program makes no ${type} ${end}`);
  const props = { ...found.props, ...(typeof inputs === 'function' ? inputs(found.props) : inputs) };
  return good.map((resource, at) =>
    at === index
      ? { ...resource, props: Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined)) }
      : resource,
  );
};
const without = (type: string): RuleResource[] => good.filter((resource) => resource.type !== type);
const tags = (): RuleResource['providerTags'] => good.find(({ type: of }) => of === 'aws:ec2/vpc:Vpc')?.providerTags;
const added = (type: string, props: Record<string, unknown>): RuleResource[] => [
  ...good,
  { type, name: 'added', props, providerTags: tags() },
];
/** A change that replaces a part of a policy's text. */
const rewritten = (input: string, from: string | RegExp, to: string) => (props: RuleResource['props']) => {
  const text = String(props[input]).replace(from, to);
  if (text === props[input]) throw new Error(`there is no ${String(from)} in ${input}`);
  return { [input]: text };
};
const plus = (input: string, statement: object) => (props: RuleResource['props']) => {
  const document = JSON.parse(String(props[input])) as { Statement: object[] };
  return { [input]: JSON.stringify({ ...document, Statement: [...document.Statement, statement] }) };
};
const lacking = (input: string, sid: string) => (props: RuleResource['props']) => {
  const document = JSON.parse(String(props[input])) as { Statement: { Sid: string }[] };
  return { [input]: JSON.stringify({ ...document, Statement: document.Statement.filter(({ Sid }) => Sid !== sid) }) };
};

const [bucketPolicy, key, rolePolicy, template, ingress] = [
  'aws:s3/bucketPolicy:BucketPolicy',
  'aws:kms/key:Key',
  'aws:iam/rolePolicy:RolePolicy',
  'aws:ec2/launchTemplate:LaunchTemplate',
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
] as const;
const allow = (more: object) => ({
  Sid: 'More',
  Effect: 'Allow',
  Action: ['s3:GetObject'],
  Resource: 'arn:aws:s3:::x/*',
  ...more,
});

const volume = 'aws:ebs/volume:Volume';
const DATA = { encrypted: true, finalSnapshot: true, tags: { data: 'yes' } };
const daily = (more: object, interval = 24): RuleResource[] =>
  added('aws:dlm/lifecyclePolicy:LifecyclePolicy', {
    state: 'ENABLED',
    policyDetails: {
      resourceTypes: ['VOLUME'],
      targetTags: { data: 'yes' },
      schedules: [{ createRule: { interval, intervalUnit: 'HOURS' }, retainRule: { count: 7 } }],
    },
    ...more,
  }).slice(-1);

const BROKEN: [rule: string, what: string, broken: () => RuleResource[]][] = [
  [
    'no-public-bucket',
    'a public access block that is off',
    () => changed('aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock', { blockPublicPolicy: false }),
  ],
  [
    'no-public-bucket',
    'a policy that allows everyone',
    () => changed(bucketPolicy, plus('policy', allow({ Principal: '*' }))),
  ],
  [
    'no-public-bucket',
    'a policy that allows everyone, written as a list',
    () => changed(bucketPolicy, plus('policy', allow({ Principal: { AWS: ['*'] } }))),
  ],
  ['no-public-bucket', 'an ACL', () => added('aws:s3/bucketAcl:BucketAcl', { bucket: 'x', acl: 'public-read' })],
  [
    'no-public-bucket',
    'objects with ACLs',
    () =>
      changed('aws:s3/bucketOwnershipControls:BucketOwnershipControls', { rule: { objectOwnership: 'ObjectWriter' } }),
  ],
  [
    'buckets-closed',
    'a bucket without a public access block',
    () => without('aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock'),
  ],
  [
    'buckets-closed',
    'a bucket without encryption',
    () => without('aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration'),
  ],
  [
    'buckets-closed',
    'suspended versioning',
    () => changed('aws:s3/bucketVersioning:BucketVersioning', { versioningConfiguration: { status: 'Suspended' } }),
  ],
  ['buckets-closed', 'plain HTTP', () => changed(bucketPolicy, lacking('policy', 'OnlyTls'))],
  [
    'buckets-closed',
    'a bucket without any of these settings',
    () => added('aws:s3/bucket:Bucket', { bucket: 'another' }),
  ],
  [
    'encrypted-everywhere',
    'an unencrypted root disk',
    () => changed(template, { blockDeviceMappings: [{ deviceName: '/dev/xvda', ebs: { encrypted: 'false' } }] }),
  ],
  [
    'encrypted-everywhere',
    'an unencrypted volume',
    () => added('aws:ebs/volume:Volume', { encrypted: false, finalSnapshot: true }),
  ],
  [
    'encrypted-everywhere',
    'an unencrypted database',
    () => changed('aws:rds/instance:Instance', { storageEncrypted: false }),
  ],
  [
    'encrypted-everywhere',
    'a database with a public address',
    () => changed('aws:rds/instance:Instance', { publiclyAccessible: true }),
  ],
  [
    'encrypted-everywhere',
    'PostgreSQL without TLS',
    () => changed('aws:rds/parameterGroup:ParameterGroup', { parameters: [] }),
  ],
  [
    'encrypted-everywhere',
    'Redis without TLS',
    () => changed('aws:elasticache/replicationGroup:ReplicationGroup', { transitEncryptionMode: 'preferred' }),
  ],
  ['encrypted-everywhere', 'an unencrypted topic', () => changed('aws:sns/topic:Topic', { kmsMasterKeyId: undefined })],
  [
    'encrypted-everywhere',
    'tags that can be moved',
    () => changed('aws:ecr/repository:Repository', { imageTagMutability: 'MUTABLE' }),
  ],
  ['encrypted-everywhere', 'a key that is never rotated', () => changed(key, { enableKeyRotation: false })],
  [
    'encrypted-everywhere',
    'TLS 1.0 at the balancer',
    () => changed('aws:lb/listener:Listener', { sslPolicy: 'ELBSecurityPolicy-2016-08' }, '-https'),
  ],
  [
    'encrypted-everywhere',
    'plain HTTP at the balancer',
    () => changed('aws:lb/listener:Listener', { defaultActions: [{ type: 'forward' }] }, '-http'),
  ],
  [
    'secrets-write-only',
    'a secret’s value',
    () => changed('aws:secretsmanager/secretVersion:SecretVersion', { secretString: 'x' }),
  ],
  ['secrets-write-only', 'the database’s password', () => changed('aws:rds/instance:Instance', { password: 'x' })],
  [
    'open-ports',
    'port 22',
    () => changed(ingress, { cidrIpv4: '0.0.0.0/0', referencedSecurityGroupId: undefined, fromPort: 22, toPort: 22 }),
  ],
  [
    'open-ports',
    'every port',
    () => changed(ingress, { cidrIpv4: '0.0.0.0/0', ipProtocol: '-1', fromPort: undefined, toPort: undefined }),
  ],
  ['open-ports', 'a range around 443', () => changed(ingress, { cidrIpv4: '0.0.0.0/0', fromPort: 80, toPort: 443 })],
  [
    'open-ports',
    'a port that is open to IPv6',
    () => changed(ingress, { cidrIpv4: undefined, cidrIpv6: '::/0', fromPort: 5432, toPort: 5432 }),
  ],
  [
    'open-ports',
    'a rule inside a group',
    () =>
      changed('aws:ec2/securityGroup:SecurityGroup', {
        ingress: [{ protocol: 'tcp', fromPort: 22, toPort: 22, cidrBlocks: ['0.0.0.0/0'] }],
      }),
  ],
  [
    'open-ports',
    'a rule of the older resource type',
    () =>
      added('aws:ec2/securityGroupRule:SecurityGroupRule', {
        type: 'ingress',
        protocol: 'tcp',
        fromPort: 6379,
        toPort: 6379,
        cidrBlocks: ['0.0.0.0/0'],
      }),
  ],
  [
    'metadata-v2',
    'IMDSv1',
    () =>
      changed(template, (props) => ({
        metadataOptions: { ...recordOf(props.metadataOptions), httpTokens: 'optional' },
      })),
  ],
  [
    'metadata-v2',
    'a hop limit of two',
    () =>
      changed(template, (props) => ({
        metadataOptions: { ...recordOf(props.metadataOptions), httpPutResponseHopLimit: 2 },
      })),
  ],
  ['metadata-v2', 'a template without metadata options', () => changed(template, { metadataOptions: undefined })],
  ['metadata-v2', 'an SSH key', () => changed(template, { keyName: 'mine' })],
  ['no-wildcard-action', 's3:*', () => changed(rolePolicy, plus('policy', allow({ Action: 's3:*' })))],
  ['no-wildcard-action', 's3:Get*', () => changed(rolePolicy, plus('policy', allow({ Action: ['s3:Get*'] })))],
  [
    'no-wildcard-action',
    'NotAction',
    () =>
      changed(
        rolePolicy,
        plus('policy', { Sid: 'Not', Effect: 'Allow', NotAction: ['iam:*'], Resource: 'arn:aws:s3:::x' }),
      ),
  ],
  [
    'wildcard-resource-listed',
    'every secret',
    () => changed(rolePolicy, plus('policy', allow({ Action: ['secretsmanager:GetSecretValue'], Resource: '*' }))),
  ],
  [
    'attested-keys',
    'zeros for PCR0',
    () =>
      changed(
        key,
        rewritten(
          'policy',
          /"kms:RecipientAttestation:ImageSha384":"[0-9a-f]{96}"/,
          `"kms:RecipientAttestation:ImageSha384":"${'0'.repeat(96)}"`,
        ),
        '-enclave-key',
      ),
  ],
  [
    'attested-keys',
    'zeros for PCR0 in the parent’s own rights',
    () =>
      changed(
        rolePolicy,
        rewritten(
          'policy',
          /"kms:RecipientAttestation:ImageSha384":\["[0-9a-f]{96}"/,
          `"kms:RecipientAttestation:ImageSha384":["${'0'.repeat(96)}"`,
        ),
        '-parent-permissions',
      ),
  ],
  [
    'attested-keys',
    'a pattern for a measurement',
    () =>
      changed(
        key,
        rewritten(
          'policy',
          /"kms:RecipientAttestation:ImageSha384":"[0-9a-f]{96}"/,
          '"kms:RecipientAttestation:ImageSha384":"*"',
        ),
        '-enclave-key',
      ),
  ],
  [
    'attested-keys',
    'a policy that does not deny requests without attestation',
    () => changed(key, lacking('policy', 'NothingWithoutAttestation'), '-enclave-key'),
  ],
  [
    'attested-keys',
    'a policy that denies requests without attestation only to some principals',
    () =>
      changed(
        key,
        rewritten(
          'policy',
          '"Condition":{"Null":{"kms:RecipientAttestation:ImageSha384":"true"}}',
          '"Condition":{"Null":{"kms:RecipientAttestation:ImageSha384":"true"},"StringEquals":{"aws:PrincipalAccount":"1"}}',
        ),
        '-operator-key',
      ),
  ],
  [
    'attested-keys',
    'a right without a condition on the image',
    () =>
      changed(
        key,
        plus(
          'policy',
          allow({ Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: ['kms:Decrypt'], Resource: '*' }),
        ),
        '-enclave-key',
      ),
  ],
  [
    'attested-keys',
    'a right to create grants',
    () =>
      changed(
        key,
        plus(
          'policy',
          allow({ Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: ['kms:CreateGrant'], Resource: '*' }),
        ),
        '-enclave-key',
      ),
  ],
  [
    'deletion-protection',
    'a database that may be deleted',
    () => changed('aws:rds/instance:Instance', { deletionProtection: false }),
  ],
  [
    'deletion-protection',
    'a database without a final snapshot',
    () => changed('aws:rds/instance:Instance', { skipFinalSnapshot: true }),
  ],
  [
    'deletion-protection',
    'a bucket that is deleted with everything in it',
    () => changed('aws:s3/bucket:Bucket', { forceDestroy: true }),
  ],
  [
    'deletion-protection',
    'a secret of the operator that is deleted at once',
    () => changed('aws:secretsmanager/secret:Secret', { recoveryWindowInDays: 0 }, '-cwc-house'),
  ],
  [
    'deletion-protection',
    'a log that may be deleted',
    () => changed('aws:cloudwatch/logGroup:LogGroup', { deletionProtectionEnabled: false }),
  ],
  ...(
    [
      ['aws:secretsmanager/secret:Secret', { recoveryWindowInDays: 7 }],
      ['aws:s3/bucket:Bucket', { forceDestroy: false }],
      ['aws:ecr/repository:Repository', { forceDelete: false }],
      ['aws:rds/instance:Instance', { deletionProtection: true }],
      ['aws:rds/instance:Instance', { skipFinalSnapshot: false }],
      ['aws:elasticache/replicationGroup:ReplicationGroup', { finalSnapshotIdentifier: 'final' }],
      ['aws:lb/loadBalancer:LoadBalancer', { enableDeletionProtection: true }],
      ['aws:cloudwatch/logGroup:LogGroup', { deletionProtectionEnabled: true }],
      ['aws:cloudwatch/logGroup:LogGroup', { skipDestroy: true }],
    ] as const
  ).map(([type, props]): [string, string, () => RuleResource[]] => [
    'destroyable',
    `a ${type} with ${JSON.stringify(props)} outside production`,
    () => [{ type, name: 'trial', props, providerTags: { ...tags(), Environment: 'development' } }],
  ]),
  ...(
    [
      ['an update that does not wait for the group', { waitForCapacityTimeout: '0' }],
      ['an update that waits for less time than the hook', { waitForCapacityTimeout: '29m59s' }],
      ['an update that waits only the provider’s ten minutes', { waitForCapacityTimeout: undefined }],
      ['a group that fails without capacity in one zone', { ignoreFailedScalingActivities: undefined }],
      ['a group without a hook', { initialLifecycleHooks: undefined }],
      ['a group that cannot be deleted while an instance starts', { forceDelete: undefined }],
    ] as const
  ).map(([what, props]): [string, string, () => RuleResource[]] => [
    'up-waits',
    what,
    () => changed('aws:autoscaling/group:Group', props),
  ]),
  [
    'up-waits',
    'a hook that continues without an answer',
    () =>
      changed('aws:autoscaling/group:Group', (props) => ({
        initialLifecycleHooks: (props.initialLifecycleHooks as object[]).map((hook) => ({
          ...hook,
          defaultResult: 'CONTINUE',
        })),
      })),
  ],
  ...(['-enclave-key', '-operator-key', '-alarms-key'] as const).map((end): [string, string, () => RuleResource[]] => [
    'manageable-keys',
    `a condition on who may change the policy of ${end}`,
    () =>
      changed(
        key,
        (props) => {
          const { Statement, ...document } = JSON.parse(String(props.policy)) as {
            Statement: { Effect: string; Action: string[]; Condition?: object }[];
          };
          const Condition = { ArnEquals: { 'aws:PrincipalArn': ['arn:aws:iam::123456789012:role/deployer'] } };
          return {
            policy: JSON.stringify({
              ...document,
              Statement: Statement.map((each) =>
                each.Effect === 'Allow' && each.Action.includes('kms:PutKeyPolicy') ? { ...each, Condition } : each,
              ),
            }),
          };
        },
        end,
      ),
  ]),
  [
    'manageable-keys',
    'a denial that depends on the caller',
    () =>
      changed(
        key,
        plus('policy', {
          Sid: 'Only',
          Effect: 'Deny',
          Principal: '*',
          Action: ['kms:PutKeyPolicy'],
          Resource: '*',
          Condition: { ArnNotEquals: { 'aws:PrincipalArn': ['arn:aws:iam::123456789012:role/deployer'] } },
        }),
        '-enclave-key',
      ),
  ],
  ['manageable-keys', 'a skipped lockout check', () => changed(key, { bypassPolicyLockoutSafetyCheck: true })],
  [
    'logs-end',
    'a log without an expiry',
    () => changed('aws:cloudwatch/logGroup:LogGroup', { retentionInDays: undefined }),
  ],
  [
    'logs-end',
    'a log of RDS that the program leaves to RDS',
    () => good.filter(({ props }) => props.name !== '/aws/rds/instance/communique-tee-prod-database/postgresql'),
  ],
  [
    'logs-end',
    'a log of CodeBuild that the program leaves to CodeBuild',
    () => added('aws:codebuild/project:Project', { name: 'build' }),
  ],
  ['volumes-snapshotted', 'a volume without snapshots', () => added(volume, DATA)],
  ['volumes-snapshotted', 'a policy that is off', () => [...added(volume, DATA), ...daily({ state: 'DISABLED' })]],
  [
    'volumes-snapshotted',
    'a policy for other volumes',
    () => [...added(volume, { ...DATA, tags: { data: 'other' } }), ...daily({})],
  ],
  ['volumes-snapshotted', 'snapshots every two days', () => [...added(volume, DATA), ...daily({}, 48)]],
  ['tagged', 'a provider without tags', () => good.map((resource) => ({ ...resource, providerTags: {} }))],
  [
    'tagged',
    'a resource of another provider',
    () =>
      good.map((resource) =>
        resource.type === 'aws:ec2/vpc:Vpc' ? { ...resource, providerTags: undefined } : resource,
      ),
  ],
  [
    'tagged',
    'disks without tags',
    () =>
      changed(template, (props) => ({
        tagSpecifications: (props.tagSpecifications as { resourceType: string }[]).filter(
          ({ resourceType }) => resourceType !== 'volume',
        ),
      })),
  ],
];

it('finds no violation in the program', () => {
  expect(violationsOf(good)).toEqual([]);
});

it.each(BROKEN)('%s notices %s', (rule, _what, broken) => {
  expect([...new Set(violationsOf(broken()).map((violation) => violation.rule))]).toContain(rule);
});

it('finds no violation in a volume with daily snapshots', () => {
  expect(violationsOf([...added(volume, DATA), ...daily({})])).toEqual([]);
});

it('has a test case for every rule', () => {
  expect(new Set(BROKEN.map(([rule]) => rule))).toEqual(
    new Set([...RESOURCE_RULES, ...STACK_RULES].map(({ name }) => name)),
  );
});

it('ignores a policy that is not JSON, and reads one that is an object', () => {
  expect(violationsOf(added('aws:iam/rolePolicy:RolePolicy', { policy: '{"Statement":', role: 'x' }))).toEqual([]);
  expect(
    violationsOf(
      added('aws:iam/rolePolicy:RolePolicy', {
        policy: { Version: '2012-10-17', Statement: [allow({ Action: '*' })] },
        role: 'x',
      }),
    ),
  ).toEqual([
    {
      rule: 'no-wildcard-action',
      resource: { type: 'aws:iam/rolePolicy:RolePolicy', name: 'added' },
      problem: 'More allows *',
    },
  ]);
});

it('accepts an imported group, whose hook AWS’s provider cannot read', () => {
  const group = changed('aws:autoscaling/group:Group', { initialLifecycleHooks: undefined }).find(
    ({ type }) => type === 'aws:autoscaling/group:Group',
  );
  if (group === undefined) throw new Error('the program makes no group');
  const { check } = RESOURCE_RULES.find(({ name }) => name === 'up-waits') ?? { check: () => ['no such rule'] };
  expect(check({ ...group, ignored: ['initialLifecycleHooks'] })).toEqual([]);
  expect(check({ ...group, ignored: ['desiredCapacity'] })).not.toEqual([]);
});
