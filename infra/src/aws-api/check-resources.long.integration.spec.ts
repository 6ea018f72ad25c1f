import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { describeWithJudge, JUDGES } from '@communique-tee/testing/judges';
import { SUPPORTED_TYPES } from '../instances/instance-types';
import type { SeenResource } from '../mock-aws';
import { EXTREME_SHAPES, seenOf, STACK_SHAPES } from '../stack-shapes';
import { botocoreData, callsOfBotocore } from './botocore';
import { valuesAt } from './check-limits';
import { API_MODELS, apiProblems, BOTOCORE_VERSION, translated, type ApiProblem } from './check-resources';
import { TYPES_WITH_RULES } from './check-combinations';
import { LIMITS } from './documented-limits';
import { asText, extractCalls } from './extract';
import { MAPPINGS } from './mappings';
import { fullMatch } from './pattern';
import { shapeAt, type Shape } from './shape';

const root = workspaceRoot();
const shapes = [...STACK_SHAPES, ...EXTREME_SHAPES];
const seen = new Map<string, SeenResource[]>();
beforeAll(async () => {
  for (const shape of shapes) seen.set(shape.title, (await seenOf(shape, root)).resources);
}, 300_000);
const of = (title: string): SeenResource[] => seen.get(title) ?? [];
const everything = (): SeenResource[] => [...seen.values()].flat();

describe('every request of the program', () => {
  it.each(shapes)('is allowed by AWS’s models and documents: $title', ({ title }) => {
    expect(of(title).length).toBeGreaterThan(100);
    expect(apiProblems(of(title))).toEqual([]);
  });

  it('is checked by models that have constraints of every kind', () => {
    const kinds = { pattern: 0, min: 0, max: 0, enum: 0, required: 0 };
    const count = (shape: Shape): void => {
      for (const kind of ['pattern', 'min', 'max', 'enum', 'required'] as const)
        if (shape[kind] !== undefined) kinds[kind] += 1;
      for (const inside of [...Object.values(shape.members ?? {}), shape.element, shape.key, shape.value])
        if (inside) count(inside);
    };
    for (const shape of Object.values(API_MODELS)) count(shape);
    for (const [kind, found] of Object.entries(kinds)) expect([kind, found > 40]).toEqual([kind, true]);
  });

  it('may name every supported instance type', () => {
    const types = shapeAt(API_MODELS['ec2:CreateLaunchTemplate'], ['LaunchTemplateData', 'InstanceType'])?.enum;
    expect(SUPPORTED_TYPES.map(({ name }) => name).filter((type) => types?.includes(type) !== true)).toEqual([]);
  });
});

describe('the mapping', () => {
  it('has no unused row', () => {
    const used = new Map<string, Set<string>>();
    for (const { resource, used: rows } of translated(everything()))
      used.set(resource.type, new Set([...(used.get(resource.type) ?? []), ...rows]));
    const unused = Object.entries(MAPPINGS).flatMap(([type, { members, own }]) =>
      Object.keys({ ...members, ...own })
        .filter((row) => used.get(type)?.has(row) !== true)
        .map((row) => `${type} ${row}`),
    );
    expect([...unused, ...Object.keys(MAPPINGS).filter((type) => !used.has(type))]).toEqual([]);
  });

  it('has documented limits only for inputs that the program sets', () => {
    const unmet = Object.entries(LIMITS).flatMap(([type, limits]) =>
      Object.keys(limits)
        .filter((path) =>
          everything().every((resource) => resource.type !== type || valuesAt(resource.inputs, path).length === 0),
        )
        .map((path) => `${type} ${path}`),
    );
    const types = new Set(everything().map(({ type }) => type));
    expect([...unmet, ...TYPES_WITH_RULES.filter((type) => !types.has(type))]).toEqual([]);
  });

  it('has patterns that JavaScript can read', () => {
    const read = (shape: Shape): void => {
      if (shape.pattern !== undefined) fullMatch(shape.pattern);
      for (const inside of [...Object.values(shape.members ?? {}), shape.element, shape.key, shape.value])
        if (inside) read(inside);
    };
    for (const shape of Object.values(API_MODELS)) read(shape);
  });
});

/** Changes inputs of the stack's first resource of this type, and returns the stack's problems. */
function problemsWith(type: string, changes: Record<string, unknown>, title = 'prod with all options'): ApiProblem[] {
  const resources = of(title);
  const index = resources.findIndex((resource) => resource.type === type);
  const found = resources[index];
  if (found === undefined) throw new Error(`the program makes no ${type}`);
  const inputs = Object.fromEntries(
    Object.entries({ ...found.inputs, ...changes }).filter(([, value]) => value !== undefined),
  );
  return apiProblems(resources.with(index, { ...found, inputs }));
}
const tags = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_each, index) => [`tag-${index}`, 'x']));
const role = 'aws:iam/role:Role';
const alarm = 'aws:cloudwatch/metricAlarm:MetricAlarm';

describe('one wrong input', () => {
  it.each<[what: string, type: string, changes: Record<string, unknown>, kind: ApiProblem['kind'], words: RegExp]>([
    ['a name with a space', role, { name: 'two words' }, 'pattern', /^name: iam:CreateRole RoleName: "two words"/],
    ['a name of 65 characters', role, { name: 'r'.repeat(65) }, 'length', /RoleName: 65 characters: at most 64/],
    ['a session of a minute', role, { maxSessionDuration: 60 }, 'range', /MaxSessionDuration: 60: at least 3600/],
    ['no trust policy', role, { assumeRolePolicy: undefined }, 'required', /AssumeRolePolicyDocument: is required/],
    ['a list instead of a text', role, { description: ['x'] }, 'type', /^description: .*is a list, not string/],
    ['words instead of a number', alarm, { threshold: 'many' }, 'type', /Threshold: is string, not double/],
    [
      'six actions',
      alarm,
      { alarmActions: Array(6).fill('arn:aws:sns:us-east-1:1:x') },
      'count',
      /6 entries: at most 5/,
    ],
    ['a statistic that does not exist', alarm, { statistic: 'Median' }, 'enum', /Statistic: "Median" is none of/],
    ['a period that CloudWatch does not know', alarm, { period: 90 }, 'limit', /^period: 90 is none of/],
    ['a dimension without a value', alarm, { dimensions: { stack: '' } }, 'length', /Dimensions\[0\]\.Value: 0 char/],
    [
      'a launch hook of a day, in a nested input',
      'aws:autoscaling/group:Group',
      { initialLifecycleHooks: [{ name: 'x', lifecycleTransition: 'y', heartbeatTimeout: 86_400 }] },
      'limit',
      /heartbeatTimeout: 86400: at most 7200/,
    ],
    [
      'a refresh with a negative minimum of healthy instances',
      'aws:autoscaling/group:Group',
      { instanceRefresh: { strategy: 'Rolling', preferences: { minHealthyPercentage: -1 } } },
      'range',
      /^instanceRefresh\.preferences\.minHealthyPercentage: autoscaling:StartInstanceRefresh .*-1: at least 0/,
    ],
    [
      'an instance type that does not exist',
      'aws:ec2/launchTemplate:LaunchTemplate',
      { instanceType: 'c6g.tiny' },
      'enum',
      /InstanceType: "c6g\.tiny" is none/,
    ],
    [
      'user data of 16 KiB and a byte',
      'aws:ec2/launchTemplate:LaunchTemplate',
      { userData: Buffer.alloc(16_385, 'x').toString('base64') },
      'limit',
      /^userData: 16385 bytes: at most 16384/,
    ],
    [
      'a disk whose encryption is neither true nor false',
      'aws:ec2/launchTemplate:LaunchTemplate',
      { blockDeviceMappings: [{ ebs: { encrypted: 'maybe' } }] },
      'type',
      /Encrypted: is string, not boolean/,
    ],
    [
      'a parameter group without a family',
      'aws:rds/parameterGroup:ParameterGroup',
      { family: undefined },
      'required',
      /Family/,
    ],
    ['a database’s name with --', 'aws:rds/instance:Instance', { identifier: 'a--b' }, 'limit', /^identifier: "a--b"/],
    [
      'a token with an underscore',
      'aws:elasticache/replicationGroup:ReplicationGroup',
      { authTokenWo: 'abcdefgh_ijklmnop' },
      'limit',
      /^authTokenWo: .*does not match/,
    ],
    ['a bucket in capitals', 'aws:s3/bucket:Bucket', { bucket: 'Bucket' }, 'limit', /^bucket: "Bucket" does not match/],
    [
      'a network range that is no IPv4 address',
      'aws:ec2/subnet:Subnet',
      { cidrBlock: '10.999.0.0/24' },
      'limit',
      /^cidrBlock: "10\.999/,
    ],
    ['a port that does not exist', 'aws:lb/listener:Listener', { port: 70_000 }, 'range', /Port: 70000: at most 65535/],
    [
      'a check every four seconds',
      'aws:lb/targetGroup:TargetGroup',
      { healthCheck: { interval: 4 } },
      'range',
      /^healthCheck\.interval: .*HealthCheckIntervalSeconds: 4: at least 5/,
    ],
    [
      'a balancer’s name of 33 characters',
      'aws:lb/loadBalancer:LoadBalancer',
      { name: 'n'.repeat(33) },
      'limit',
      /at most 32/,
    ],
    [
      'a domain name that is too long for ACM',
      'aws:acm/certificate:Certificate',
      { domainName: `${'d'.repeat(53)}.example.org` },
      'limit',
      /^domainName: 65 characters: at most 64/,
    ],
    [
      'a record of a type that Route 53 does not know',
      'aws:route53/record:Record',
      { type: 'ALIAS' },
      'enum',
      /ResourceRecordSet\.Type: "ALIAS"/,
    ],
    ['a policy that is not JSON', role, { assumeRolePolicy: '{' }, 'limit', /^assumeRolePolicy: is no policy in JSON/],
    ['a policy without statements', 'aws:kms/key:Key', { policy: '{}' }, 'limit', /^policy: is no policy in JSON/],
    [
      'two statements with one Sid',
      'aws:s3/bucketPolicy:BucketPolicy',
      { policy: '{"Statement":[{"Sid":"A"},{"Sid":"A"}]}' },
      'limit',
      /^policy: Sid A is used twice/,
    ],
    [
      'a Sid with a space',
      'aws:kms/key:Key',
      { policy: '{"Statement":[{"Sid":"A b"}]}' },
      'limit',
      /^policy: Sid A b: /,
    ],
    [
      'an action that no topic knows',
      'aws:sns/topicPolicy:TopicPolicy',
      { policy: '{"Statement":[{"Sid":"A","Action":"sns:*"}]}' },
      'limit',
      /^policy: sns:\* is no action of a topic/,
    ],
    [
      'an alarm over more than a day',
      alarm,
      { period: 60, evaluationPeriods: 1441 },
      'limit',
      /86460 seconds together/,
    ],
    [
      'a minimum size above the maximum',
      'aws:autoscaling/group:Group',
      { minSize: 5 },
      'limit',
      /^minSize, maxSize: 5 is over 4/,
    ],
    [
      'a check that lasts as long as its interval',
      'aws:lb/targetGroup:TargetGroup',
      { healthCheck: { interval: 15, timeout: 15 } },
      'limit',
      /^healthCheck\.timeout: must be shorter/,
    ],
    [
      'failover without a second node',
      'aws:elasticache/replicationGroup:ReplicationGroup',
      { numCacheClusters: 1 },
      'limit',
      /^numCacheClusters: failover/,
    ],
    [
      'a backup while RDS is maintained',
      'aws:rds/instance:Instance',
      { backupWindow: '08:00-09:00' },
      'limit',
      /^backupWindow, maintenanceWindow: overlap/,
    ],
    ['storage that cannot grow', 'aws:rds/instance:Instance', { maxAllocatedStorage: 21 }, 'limit', /at least a tenth/],
    [
      'metadata with a character outside ASCII',
      'aws:s3/bucketObjectv2:BucketObjectv2',
      { metadata: { version: 'é', commit: 'x', pcr0: 'x' } },
      'limit',
      /^metadata\.version: "é"/,
    ],
    ['an unknown input', 'aws:kms/key:Key', { colour: 'red' }, 'mapping', /^colour: leads to no known member of kms/],
    [
      'an unknown nested input',
      'aws:codebuild/project:Project',
      { artifacts: { type: 'NO_ARTIFACTS', colour: 'red' } },
      'mapping',
      /^artifacts\.colour: leads to no known member/,
    ],
    [
      'tags for a type without tags',
      'aws:kms/alias:Alias',
      { tags: { a: 'b' } },
      'mapping',
      /^tags: leads to no known member/,
    ],
    ['a key policy over 32 KiB', 'aws:kms/key:Key', { policy: 'x'.repeat(32_769) }, 'limit', /^policy: 32769 bytes/],
    ['a key policy outside Latin-1', 'aws:kms/key:Key', { policy: '{"Sid":"ā"}' }, 'pattern', /^policy: kms:CreateKey/],
    [
      'a bucket policy over 20 KiB',
      'aws:s3/bucketPolicy:BucketPolicy',
      { policy: 'x'.repeat(20_481) },
      'limit',
      /20481/,
    ],
    ['a topic policy over 30 KiB', 'aws:sns/topicPolicy:TopicPolicy', { policy: 'x'.repeat(30_721) }, 'limit', /30721/],
    [
      'a trust policy over 2,048 characters',
      role,
      { assumeRolePolicy: 'x'.repeat(2049) },
      'limit',
      /2049 characters: at most 2048/,
    ],
    [
      'policies of a role that are too long together',
      'aws:iam/rolePolicy:RolePolicy',
      { policy: 'x'.repeat(10_241) },
      'limit',
      /10241 characters together, at most 10240/,
    ],
    ['a tag’s key of 129 characters', role, { tags: { ['k'.repeat(129)]: 'v' } }, 'limit', /a key has 1 to 128/],
    [
      'a tag’s value of 257 characters',
      'aws:ec2/vpc:Vpc',
      { tags: { k: 'v'.repeat(257) } },
      'limit',
      /at most 256 characters/,
    ],
    ['a tag with a #', 'aws:ec2/vpc:Vpc', { tags: { k: '#' } }, 'limit', /letters, digits, spaces/],
    ['a tag of AWS’s own', 'aws:ec2/vpc:Vpc', { tags: { 'aws:k': 'v' } }, 'limit', /the prefix aws: is reserved/],
    [
      '47 tags in addition to the tags of the provider',
      'aws:ec2/vpc:Vpc',
      { tags: tags(47) },
      'limit',
      /51 tags: at most 50/,
    ],
  ])('is reported: %s', (_what, type, changes, kind, words) => {
    const problems = problemsWith(type, changes);
    expect(problems.map((problem) => `${problem.kind} ${problem.problem}`)).toContainEqual(
      expect.stringMatching(new RegExp(`^${kind} .*`)),
    );
    expect(problems.map(({ problem }) => problem)).toContainEqual(expect.stringMatching(words));
  });
});

it('checks the value of a secret without showing it', () => {
  const secret = (value: unknown): Record<string, unknown> => ({
    '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
    value,
  });
  for (const [type, changes] of [
    ['aws:elasticache/replicationGroup:ReplicationGroup', { authTokenWo: secret('wrong_token_here') }],
    ['aws:secretsmanager/secretVersion:SecretVersion', { secretStringWo: secret('') }],
    ['aws:secretsmanager/secretVersion:SecretVersion', { secretStringWo: secret(['wrong_token_here']) }],
    ['aws:iam/role:Role', { name: secret('wrong token here') }],
  ] as const) {
    const problems = problemsWith(type, changes).map(({ problem }) => problem);
    expect(problems).toEqual([expect.stringContaining('because it is a secret')]);
    expect(problems.join()).not.toMatch(/wrong.token/);
  }
});

it('the committed extract and NOTICE name the pinned version of botocore', () => {
  expect(BOTOCORE_VERSION).toBe(JUDGES.botocore.version);
  expect(readFileSync(join(root, 'NOTICE'), 'utf8')).toContain(`botocore ${BOTOCORE_VERSION}`);
});

it('reports a resource of a type without a mapping', () => {
  const type = 'aws:ec2/volumeAttachment:VolumeAttachment';
  expect(apiProblems([{ type, name: 'new', inputs: {}, provider: undefined }])).toEqual([
    { resource: { type, name: 'new' }, kind: 'mapping', problem: `${type} has no mapping to AWS's API` },
  ]);
});

describeWithJudge(JUDGES.botocore, 'the committed extract of AWS’s models', ({ folder }) => {
  it('equals a fresh extract from botocore', () => {
    const models = callsOfBotocore(botocoreData(folder));
    const requests = translated(everything(), models).flatMap((translation) => translation.requests);
    const text = asText(JUDGES.botocore.version, extractCalls(requests, models));
    // If they differ, run npm run lab -- aws-models.
    expect(readFileSync(join(root, 'infra/src/aws-api/api-models.lock.json'), 'utf8')).toBe(text);
  });
});
