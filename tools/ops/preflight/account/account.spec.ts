import { randomBytes } from 'node:crypto';
import type { ProgramEnd } from '../ports';
import { lines, look, programs } from '../testing/look';
import {
  ACCOUNT,
  awsError,
  awsJson,
  ec2,
  startStandInAws,
  type Answers,
  type StandInAws,
} from '../testing/stand-in-aws';
import { iamArnOf } from './check-credentials';
import { judgeCiphertext } from './ciphertext';
import { judgeStoreUrl } from './store-url';

let aws: StandInAws;
beforeAll(async () => {
  aws = await startStandInAws();
});
afterAll(() => aws.stop());

async function lookAt(
  name: string,
  answers: Answers = {},
  {
    config = [],
    opening = false,
    files = {},
  }: { config?: string[]; opening?: boolean; files?: Record<string, string> } = {},
) {
  aws.answer(answers);
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secretExampleKey' };
  return look(name, { files, ports: { aws: { endpoint: aws.endpoint, credentials } } }, [
    ...config.flatMap((change) => ['--config', change]),
    ...(opening ? ['--before', 'opening'] : []),
  ]);
}
const said = async (...args: Parameters<typeof lookAt>) => lines(await lookAt(...args));

describe('aws-credentials', () => {
  it('passes, and prints the caller and the region', async () => {
    expect(await said('aws-credentials')).toEqual([
      `pass: arn:aws:sts::${ACCOUNT}:assumed-role/operator/ada in us-east-1`,
    ]);
  });
  it('finds the role’s ARN in the ARN of its session', () => {
    expect(iamArnOf('arn:aws:sts::111122223333:assumed-role/operator/ada')).toBe(
      'arn:aws:iam::111122223333:role/operator',
    );
    expect(iamArnOf('arn:aws:iam::111122223333:user/ada')).toBe('arn:aws:iam::111122223333:user/ada');
  });
  it.each([`arn:aws:iam::${ACCOUNT}:role/operator`, `["arn:aws:iam::${ACCOUNT}:role/team/operator"]`])(
    'passes for a caller who is the key administrator %s',
    async (arn) => {
      expect(await said('aws-credentials', {}, { config: [`keyAdministrators=${arn}`] })).toHaveLength(1);
    },
  );
  it('fails if the caller is not among keyAdministrators, and warns of a role of another account', async () => {
    expect(
      await said('aws-credentials', {}, { config: [`keyAdministrators=arn:aws:iam::${ACCOUNT}:role/other`] }),
    ).toContainEqual(expect.stringMatching(/^fail: you are not among keyAdministrators/));
    expect(
      await said('aws-credentials', {}, { config: ['secretOperators=arn:aws:iam::999988887777:role/x'] }),
    ).toContainEqual(expect.stringMatching(/^warn: secretOperators names .*999988887777/));
  });
  it.each([
    ['999988887777', 'us-east-1'],
    [ACCOUNT, 'eu-west-1'],
  ])('fails for an image whose KMS keys are in another account or region (%s, %s)', async (account, region) => {
    const files = {
      'apps/enclave/config/prod.json': JSON.stringify({
        keys: { alias: `arn:aws:kms:${region}:${account}:alias/communique-tee-prod-enclave` },
      }),
    };
    expect(await said('aws-credentials', {}, { files })).toContainEqual(
      expect.stringMatching(/^fail: the enclave’s configuration names arn:aws:kms/),
    );
  });
  it('passes for an image whose KMS keys are in the stack’s account and region', async () => {
    const files = {
      'apps/enclave/config/prod.json': JSON.stringify({
        alias: `arn:aws:kms:us-east-1:${ACCOUNT}:alias/communique-tee-prod-enclave`,
      }),
    };
    expect(await said('aws-credentials', {}, { files })).toHaveLength(1);
  });
});

describe('key-principals', () => {
  const arn = (path: string) => `arn:aws:iam::${ACCOUNT}:${path}`;
  /** Stand-in for `aws iam` in an account that has only these roles and users. */
  const account =
    (...there: string[]) =>
    (command: string, args: readonly string[]): Promise<ProgramEnd> => {
      if (command !== 'aws' || args[0] !== 'iam') return programs(command, args);
      const [, action, option = ''] = args;
      const kind = action === 'get-role' ? 'role' : 'user';
      const name = option.replace(`--${kind}-name=`, '');
      const found = there.find((one) => one.includes(`:${kind}/`) && one.endsWith(`/${name}`));
      return Promise.resolve(
        found === undefined
          ? refusing('NoSuchEntity')
          : { code: 0, stdout: JSON.stringify({ [kind === 'role' ? 'Role' : 'User']: { Arn: found } }), stderr: '' },
      );
    };
  const refusing = (code: string): ProgramEnd => ({
    code: 254,
    stdout: '',
    stderr: `\nAn error occurred (${code}) when calling the GetRole operation: said by the stand-in\n`,
  });
  const lookFor = async (runProgram: ReturnType<typeof account>, ...config: string[]) => {
    aws.answer({});
    const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'x' };
    return lines(
      await look(
        'key-principals',
        { ports: { aws: { endpoint: aws.endpoint, credentials }, runProgram } },
        config.flatMap((change) => ['--config', change]),
      ),
    );
  };
  const named = [
    `keyAdministrators=${arn('role/operator')},${arn('role/team/ci')}`,
    `secretOperators=${arn('user/ada')},${arn('role/operator')}`,
  ];

  it('passes for each role and user with exactly this ARN, and asks for each once', async () => {
    expect(await lookFor(account(arn('role/operator'), arn('role/team/ci'), arn('user/ada')), ...named)).toEqual([
      `pass: ${arn('role/operator')} exists`,
      `pass: ${arn('role/team/ci')} exists`,
      `pass: ${arn('user/ada')} exists`,
    ]);
  });
  it('fails for each role or user that does not exist, and for a role with another path', async () => {
    expect(await lookFor(account(arn('role/operator'), arn('role/ci'), arn('role/ada')), ...named)).toEqual([
      `pass: ${arn('role/operator')} exists`,
      `fail: ${arn('role/team/ci')} does not exist: the role ci has another path`,
      `fail: ${arn('user/ada')} does not exist`,
    ]);
  });
  it.each<[string, ProgramEnd, RegExp]>([
    [
      'preflight may not look',
      refusing('AccessDenied'),
      /^warn: arn:.*role\/operator: not allowed to ask \(iam:GetRole\)$/,
    ],
    ['there is no AWS CLI', { code: undefined, stdout: '', stderr: '' }, /^warn: .*the AWS CLI does not run$/],
    ['the answer is not JSON', { code: 0, stdout: 'hello', stderr: '' }, /^fail: .*gave an unexpected answer$/],
    ['the token has expired', refusing('ExpiredToken'), /^fail: .*the AWS session has expired$/],
    [
      'IAM does not answer in time',
      { code: 255, stdout: '', stderr: '\nConnect timeout on endpoint URL: "https://iam.amazonaws.com/"\n' },
      /^fail: arn:.*role\/operator: AWS \(IAM\) did not answer in time; not checked$/,
    ],
    [
      'the AWS CLI fails without an error from AWS',
      { code: 255, stdout: '', stderr: '\ncanary of another text\n' },
      /^fail: arn:.*role\/operator: the AWS CLI could not ask \(iam:GetRole\)$/,
    ],
  ])('does not report a role as absent if %s', async (_name, end, words) => {
    expect(await lookFor(() => Promise.resolve(end), `keyAdministrators=${arn('role/operator')}`)).toEqual([
      expect.stringMatching(words),
    ]);
  });
  it('skips roles of other accounts (aws-credentials warns of them)', async () => {
    expect(await lookFor(account(), 'keyAdministrators=arn:aws:iam::999988887777:role/x')).toEqual([
      expect.stringMatching(/^skip: /),
    ]);
  });
});

describe('vcpu-quota', () => {
  const quota = (value: number): Answers => ({ GetServiceQuota: awsJson({ Quota: { Value: value } }) });
  const running = (type: string, cores: number, more = ''): string =>
    `<item><instancesSet><item><instanceType>${type}</instanceType><cpuOptions><coreCount>${String(cores)}</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>${more}</item></instancesSet></item>`;

  it('counts both instances that run while one replaces the other', async () => {
    expect(await said('vcpu-quota', quota(8))).toEqual([
      'pass: 8 vCPUs wanted (2 c6g.xlarge while replacing), 0 used by others, quota 8',
    ]);
    const [found] = await lookAt('vcpu-quota', quota(7));
    expect(found).toMatchObject({
      status: 'fail',
      command:
        'aws service-quotas request-service-quota-increase --region us-east-1 --service-code ec2 --quota-code L-1216C47A --desired-value 8',
    });
  });
  it('counts no instances of the stack itself, no spot instances and no other families', async () => {
    const instances = `<reservationSet>${running('m5.large', 2)}${running('p5.large', 50)}${running('c5.large', 50, '<instanceLifecycle>spot</instanceLifecycle>')}${running('c6g.xlarge', 2, '<tagSet><item><key>communique-tee:stack</key><value>prod</value></item></tagSet>')}</reservationSet>`;
    expect(await said('vcpu-quota', { DescribeInstances: ec2('DescribeInstances', instances) })).toEqual([
      'pass: 8 vCPUs wanted (2 c6g.xlarge while replacing), 4 used by others, quota 32',
    ]);
  });
  it('counts the default vCPUs of the type for an instance without CPU options', async () => {
    const bare = (type: string) =>
      `<item><instancesSet><item><instanceType>${type}</instanceType></item></instancesSet></item>`;
    const answers: Answers = {
      DescribeInstances: ec2(
        'DescribeInstances',
        `<reservationSet>${bare('m5.24xlarge')}${bare('m5.24xlarge')}${bare('c5.large')}${running('m5.large', 1)}</reservationSet>`,
      ),
      DescribeInstanceTypes: (body) => {
        const types = { 'm5.24xlarge': 96, 'c5.large': 2, 'c6g.xlarge': 4 };
        const asked = Object.entries(types).filter(([type]) => body.includes(encodeURIComponent(type)));
        return ec2(
          'DescribeInstanceTypes',
          `<instanceTypeSet>${asked.map(([type, vcpus]) => `<item><instanceType>${type}</instanceType><vCpuInfo><defaultVCpus>${String(vcpus)}</defaultVCpus></vCpuInfo></item>`).join('')}</instanceTypeSet>`,
        );
      },
    };
    expect(await said('vcpu-quota', answers)).toEqual([
      'fail: 8 vCPUs wanted (2 c6g.xlarge while replacing), 196 used by others, quota 32',
    ]);
  });
  it('takes AWS’s default quota if the account has no quota of its own', async () => {
    const answers = {
      GetServiceQuota: awsError('NoSuchResourceException', 400),
      GetAWSDefaultServiceQuota: awsJson({ Quota: { Value: 5 } }),
    };
    expect(await said('vcpu-quota', answers)).toEqual([expect.stringMatching(/^fail: .*quota 5$/)]);
  });
});

describe('address-quota', () => {
  const address = (stack: string) =>
    `<item><publicIp>203.0.113.7</publicIp><tagSet><item><key>communique-tee:stack</key><value>${stack}</value></item></tagSet></item>`;
  it.each([
    [0, 'pass'],
    [4, 'pass'],
    [5, 'fail'],
  ])('with %d addresses of other stacks, the check reports %s', async (others, status) => {
    const found = await lookAt('address-quota', {
      DescribeAddresses: ec2('DescribeAddresses', `<addressesSet>${address('other').repeat(others)}</addressesSet>`),
    });
    expect(found).toMatchObject([{ status }]);
  });
  it('does not count the stack’s own address twice', async () => {
    expect(
      await said('address-quota', {
        DescribeAddresses: ec2(
          'DescribeAddresses',
          `<addressesSet>${address('other').repeat(4)}${address('prod')}</addressesSet>`,
        ),
      }),
    ).toEqual(['pass: 1 wanted (1 there already), 4 used by others, quota 5']);
  });
});

describe('instance-type', () => {
  const type = (architecture: string, enclaves: string) =>
    ec2(
      'DescribeInstanceTypes',
      `<instanceTypeSet><item><instanceType>c6g.xlarge</instanceType><processorInfo><supportedArchitectures><item>${architecture}</item></supportedArchitectures></processorInfo><nitroEnclavesSupport>${enclaves}</nitroEnclavesSupport></item></instanceTypeSet>`,
    );
  it('passes if both of the stack’s zones offer the type', async () => {
    expect(await said('instance-type')).toEqual(['pass: c6g.xlarge in us-east-1a and us-east-1b, enclaves supported']);
  });
  it.each<[string, Answers, RegExp]>([
    [
      'a type that one zone does not offer',
      {
        DescribeInstanceTypeOfferings: ec2(
          'DescribeInstanceTypeOfferings',
          '<instanceTypeOfferingSet><item><location>us-east-1a</location></item><item><location>us-east-1c</location></item></instanceTypeOfferingSet>',
        ),
      },
      /^fail: c6g\.xlarge is not offered in us-east-1b,/,
    ],
    [
      'a type that supports no enclaves',
      { DescribeInstanceTypes: type('arm64', 'unsupported') },
      /cannot run an enclave/,
    ],
    ['a type of another architecture', { DescribeInstanceTypes: type('x86_64', 'supported') }, /is not arm64/],
    [
      'a type that does not exist',
      { DescribeInstanceTypes: ec2('DescribeInstanceTypes', '<instanceTypeSet/>') },
      /has no c6g\.xlarge/,
    ],
    [
      'a zone that the account does not have',
      {
        DescribeAvailabilityZones: ec2(
          'DescribeAvailabilityZones',
          '<availabilityZoneInfo><item><zoneName>us-east-1a</zoneName></item></availabilityZoneInfo>',
        ),
      },
      /this account has no zone us-east-1b in us-east-1/,
    ],
  ])('fails for %s', async (_name, answers, words) => {
    const found = await lookAt('instance-type', answers);
    expect(found).toMatchObject([{ status: 'fail' }]);
    expect(found[0]?.found).toMatch(words.source.startsWith('^fail: ') ? new RegExp(words.source.slice(7)) : words);
  });
});

describe('ami', () => {
  const image = (fields: Record<string, string>) =>
    ec2(
      'DescribeImages',
      `<imagesSet><item>${Object.entries({
        imageId: 'ami-0123456789abcdef0',
        imageState: 'available',
        architecture: 'arm64',
        imageOwnerAlias: 'amazon',
        imageOwnerId: '137112412989',
        ...fields,
      })
        .map(([key, value]) => `<${key}>${value}</${key}>`)
        .join('')}</item></imagesSet>`,
    );
  it('passes for Amazon’s newest AMI', async () => {
    expect(await said('ami')).toEqual(['pass: ami-0123456789abcdef0, arm64, Amazon’s newest']);
    expect(aws.asked).toContain('GetParameter');
  });
  it('passes for a configured AMI, and does not ask for the newest', async () => {
    expect(await said('ami', {}, { config: ['amiId=ami-0aaaabbbbccccdddd'] })).toEqual([
      'pass: ami-0aaaabbbbccccdddd, arm64',
    ]);
    expect(aws.asked).not.toContain('GetParameter');
  });
  it.each<[string, Answers, RegExp]>([
    [
      'an AMI of another architecture',
      { DescribeImages: image({ architecture: 'x86_64' }) },
      /^fail: .*another architecture/,
    ],
    ['an AMI that is still being made', { DescribeImages: image({ imageState: 'pending' }) }, /^fail: .*not available/],
    [
      'an AMI that another account owns',
      { DescribeImages: image({ imageOwnerAlias: '', imageOwnerId: '999988887777' }) },
      /^warn: .*belongs to 999988887777/,
    ],
    [
      'a deprecated AMI',
      { DescribeImages: image({ deprecationTime: '2024-01-01T00:00:00.000Z' }) },
      /^warn: .*deprecated/,
    ],
    [
      'an AMI that does not exist',
      { DescribeImages: ec2('DescribeImages', '<imagesSet/>') },
      /^fail: there is no ami-/,
    ],
    ['an AMI id of another region', { DescribeImages: awsError('InvalidAMIID.NotFound', 400) }, /^fail: there is no/],
    ['a missing SSM parameter', { GetParameter: awsError('ParameterNotFound', 400) }, /^fail: Amazon names no/],
    [
      'an SSM parameter that names no AMI',
      { GetParameter: awsJson({ Parameter: { Value: '<script>' } }) },
      /^fail: Amazon names no/,
    ],
  ])('fails or warns for %s', async (_name, answers, words) => {
    expect(await said('ami', answers)).toEqual([expect.stringMatching(words)]);
  });
  it('passes for an AMI of the operator’s account', async () => {
    expect(await said('ami', { DescribeImages: image({ imageOwnerAlias: '', imageOwnerId: ACCOUNT }) })).toEqual([
      expect.stringMatching(/^pass/),
    ]);
  });
});

it.each<[number, string]>([
  [200, 'pass: communique-tee-prod-images-111122223333-us-east-1 is ours'],
  [404, 'pass: communique-tee-prod-images-111122223333-us-east-1 is free'],
  [301, 'fail: communique-tee-prod-images-111122223333-us-east-1 is in another region'],
  [
    403,
    'fail: communique-tee-prod-images-111122223333-us-east-1 belongs to another account, or you lack the right s3:ListBucket',
  ],
])('bucket-names: reports what the status %d means', async (status, words) => {
  const found = await said('bucket-names', { HeadBucket: { status } });
  expect(found).toContain(words);
  expect(aws.asked).toContain('HeadBucket /communique-tee-prod-images-111122223333-us-east-1/');
});

describe('kms-keys', () => {
  const key = (metadata: object) => ({ DescribeKey: awsJson({ KeyMetadata: { KeyId: 'k', ...metadata } }) });
  it.each<[string, Answers, boolean, RegExp]>([
    [
      'enabled',
      key({ Enabled: true, KeyState: 'Enabled' }),
      false,
      /^pass: alias\/communique-tee-prod-\w+ is enabled$/,
    ],
    ['not made yet', {}, false, /^pass: .*not made yet/],
    ['not made although the service is about to open', {}, true, /^fail: there is no alias/],
    [
      'about to be deleted',
      key({ Enabled: false, KeyState: 'PendingDeletion' }),
      false,
      /^fail: .*waiting to be deleted/,
    ],
    ['disabled', key({ Enabled: false, KeyState: 'Disabled' }), false, /^fail: .*not enabled/],
  ])('judges keys that are %s', async (_name, answers, opening, words) => {
    const found = await said('kms-keys', answers, { opening });
    expect(found).toHaveLength(2);
    for (const line of found) expect(line).toMatch(words);
  });
});

describe('cost-tag', () => {
  const ACTIVATE =
    'aws ce update-cost-allocation-tags-status --region us-east-1 --cost-allocation-tags-status TagKey=communique-tee:stack,Status=Active';
  const answering = (end: Partial<ProgramEnd>) => ({
    runProgram: (command: string, args: readonly string[]) =>
      command === 'aws' ? Promise.resolve({ code: 0, stdout: '', stderr: '', ...end }) : programs(command, args),
  });
  const tags = (...list: object[]) => ({ stdout: JSON.stringify({ CostAllocationTags: list }) });
  const tag = (status: string) => ({ TagKey: 'communique-tee:stack', Type: 'UserDefined', Status: status });
  const refused = (text: string) => ({ code: 254, stderr: text });
  it.each<[string, Partial<ProgramEnd>, boolean, RegExp, string | undefined]>([
    ['active', tags(tag('Active')), true, /^pass: communique-tee:stack is active$/, undefined],
    ['not active', tags(tag('Inactive')), false, /^warn: .*is not active, so the budget reads 0 dollars/, ACTIVATE],
    [
      'not active although the service is about to open',
      tags(tag('Inactive')),
      true,
      /^fail: .*is not active/,
      ACTIVATE,
    ],
    [
      'unknown to AWS',
      tags(),
      false,
      /^warn: AWS does not know the tag .* yet, so the budget reads 0 dollars/,
      ACTIVATE,
    ],
    [
      'readable only by the management account',
      refused(
        "\nAn error occurred (AccessDeniedException) when calling the ListCostAllocationTags operation: Failed to list Cost Allocation Tags: Linked account doesn't have access to cost allocation tags.\n",
      ),
      true,
      /^warn: not allowed to look .* only the management account/,
      ACTIVATE,
    ],
    [
      'asked for with an expired token',
      refused('An error occurred (ExpiredTokenException) when'),
      false,
      /^fail: the AWS session has expired/,
      'aws sso login',
    ],
    [
      'out of reach',
      refused('Could not connect to the endpoint URL: "https://ce"'),
      false,
      /^fail: .*not reachable/,
      undefined,
    ],
    [
      'not answered in time',
      refused('Read timeout on endpoint URL: "https://ce"'),
      false,
      /^fail: AWS \(Cost Explorer\) did not answer in time; not checked/,
      undefined,
    ],
    [
      'asked for without credentials',
      refused('Unable to locate credentials. You can configure credentials by running "aws login".'),
      false,
      /^fail: no AWS credentials were found/,
      'aws sso login',
    ],
    ['answered without JSON', { stdout: '<html>' }, false, /^fail: .*unexpected answer/, undefined],
    [
      'not asked for, because no AWS CLI runs',
      { code: undefined },
      false,
      /^warn: not checked: the AWS CLI does not run/,
      undefined,
    ],
  ])('judges a tag that is %s', async (_name, end, opening, words, command) => {
    aws.answer({});
    const [found] = await look(
      'cost-tag',
      {
        ports: {
          aws: { endpoint: aws.endpoint, credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'x' } },
          ...answering(end),
        },
      },
      opening ? ['--before', 'opening'] : [],
    );
    expect(`${found?.status ?? ''}: ${found?.found ?? ''}`).toMatch(words);
    expect(found?.command).toBe(command);
  });
});

describe('secrets', () => {
  /** Returns a text with the length and the first bytes of a KMS ciphertext. */
  const ciphertext = () => Buffer.concat([Buffer.from([1, 2, 2, 0, 0x78]), randomBytes(180)]).toString('base64');
  const there = { DescribeSecret: awsJson({ Name: 'x', VersionIdsToStages: { a: ['AWSCURRENT'] } }) };
  /** With an external Redis, the operator stores its URL; with a managed Redis, the Pulumi program stores the password. */
  const EXTERNAL_REDIS = { config: ['redis=external'] };
  const holding = (enclave: object, gateway: object = { SecretString: 'rediss://:pw-of-redis@h:6379' }): Answers => ({
    ...there,
    GetSecretValue: (body) => awsJson(body.includes('/enclave/') ? enclave : gateway),
  });
  const stored = async (answers: Answers, opening = false) =>
    (await said('secrets', answers, { opening, ...EXTERNAL_REDIS })).filter((line) => !line.includes('RDS'));

  it('pass with a ciphertext for the enclave, and with a Redis password or URL for the gateway', async () => {
    const managed = await said('secrets', holding({ SecretString: ciphertext() }, { SecretString: 'pw-of-redis' }));
    expect(managed).toContainEqual(expect.stringMatching(/^pass: .*\/gateway\/redis-token holds a password$/));
    const found = await stored(holding({ SecretString: `${ciphertext()}\n` }));
    expect(found).toHaveLength(3);
    for (const line of found) expect(line).toMatch(/^pass: .*(looks like KMS ciphertext|a URL with TLS)$/);
  });
  it.each<[string, object, RegExp]>([
    ['the key itself', { SecretString: 'plain-canary-key' }, /^fail: .*readable text/],
    [
      'the key in base64',
      { SecretString: Buffer.from('plain-canary-key'.repeat(20)).toString('base64') },
      /^fail: .*readable text/,
    ],
    ['a ciphertext that is too short', { SecretString: randomBytes(60).toString('base64') }, /^fail: .*less than/],
    [
      'bytes that begin unlike a ciphertext',
      { SecretString: Buffer.concat([Buffer.from([9]), randomBytes(199)]).toString('base64') },
      /^warn: .*does not begin/,
    ],
    ['bytes instead of text', { SecretBinary: 'AAAA' }, /^fail: .*holds bytes/],
  ])('fail or warn if an enclave’s secret holds %s, without showing the value', async (_name, value, words) => {
    const found = await lookAt('secrets', holding(value), EXTERNAL_REDIS);
    for (const line of lines(found).filter((text) => text.includes('/enclave/'))) expect(line).toMatch(words);
    expect(JSON.stringify(found)).not.toMatch(/canary/);
  });
  it.each([
    ['redis://:canary@h:6379', /no TLS/],
    ['rediss://:canary@h:6379\n', /line break|blanks/],
    ['canary', /is not a redis URL/],
    ['', /empty/],
  ])('fail if a secret of the gateway holds %j', async (value, words) => {
    const found = await lookAt(
      'secrets',
      holding({ SecretString: ciphertext() }, { SecretString: value }),
      EXTERNAL_REDIS,
    );
    const [gateway] = found.filter(({ found: text }) => text.includes('/gateway/'));
    expect(gateway).toMatchObject({ status: 'fail', found: expect.stringMatching(words) as string });
    expect(JSON.stringify(found)).not.toContain('canary');
  });
  it.each([
    [false, 'warn'],
    [true, 'fail'],
  ])('are reported if they do not exist or have no value (before opening: %s)', async (opening, status) => {
    for (const answers of [{}, { DescribeSecret: awsJson({ Name: 'x' }) }])
      for (const line of await stored(answers, opening))
        expect(line).toMatch(new RegExp(`^${status}: .*(not there yet|has no value yet)`));
  });
  it('fail while they wait to be deleted', async () => {
    for (const line of await stored({ DescribeSecret: awsJson({ Name: 'x', DeletedDate: 1_790_000_000 }) }))
      expect(line).toMatch(/^fail: .*waiting to be deleted/);
  });
  it('pass if they have values that the operator may not read', async () => {
    for (const line of await stored({ ...there, GetSecretValue: awsError('AccessDeniedException', 400) }))
      expect(line).toMatch(/^pass: .*has a value/);
  });
  it('print a command that stores each value without showing it', async () => {
    const found = await lookAt('secrets', { DescribeSecret: awsJson({ Name: 'x' }) }, EXTERNAL_REDIS);
    const commandFor = (name: string) => found.find(({ found: text }) => text.includes(name))?.command;
    expect(commandFor('/enclave/cwc-house')).toBe(
      'npm run ops -- secrets put --stack prod --region us-east-1 cwc-house',
    );
    expect(commandFor('/gateway/redis-url')).toBe(
      'IFS= read -rs URL && aws secretsmanager put-secret-value --region us-east-1 --secret-id communique-tee/prod/gateway/redis-url --secret-string file://<(printf %s "$URL")',
    );
  });
});

it.each<[string, ReturnType<typeof judgeCiphertext>]>([
  ['', 'not base64'],
  ['AAA', 'not base64'],
  ['a b=', 'not base64'],
  ['AAAA', 'too short'],
  ['a'.repeat(4_000_000), 'unknown beginning'],
])('judgeCiphertext recognizes a text that is no ciphertext (row %#)', (text, judgement) => {
  expect(judgeCiphertext(text)).toBe(judgement);
});

it.each<[string, boolean, RegExp | undefined]>([
  ['postgresql://u:p@h/x?sslmode=verify-full', false, undefined],
  ['postgresql://u:p@h/x?sslmode=require', false, /verified certificate/],
  ['postgresql://u:p@h/x', true, /no TLS/],
  ['postgresql://u:p@127.0.0.1/x', true, undefined],
  ['postgresql://u:p@127.0.0.1/x', false, /no TLS/],
  ['postgresql://u@localhost/x?host=/run/p', true, undefined],
  ['mysql://u:p@h/x', true, /not a postgresql URL/],
])('judgeStoreUrl judges the URL %s', (url, mayBeLocal, words) => {
  const problem = judgeStoreUrl('postgresql', url, mayBeLocal);
  if (words === undefined) expect(problem).toBeUndefined();
  else expect(problem?.found).toMatch(words);
});

describe('parent', () => {
  const group = (...states: string[]) => ({
    DescribeAutoScalingGroups: {
      body: `<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member><AutoScalingGroupName>g</AutoScalingGroupName><Instances>${states.map((state) => `<member><LifecycleState>${state}</LifecycleState><HealthStatus>Healthy</HealthStatus></member>`).join('')}</Instances></member></AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>`,
    },
  });
  it.each<[Answers, boolean, string]>([
    [{}, false, 'pass: not made yet, pulumi up will'],
    [{}, true, 'fail: there is no group communique-tee-prod-parent'],
    [group('InService'), true, 'pass: 1 of 1 in service'],
    [group('Pending:Wait'), false, 'fail: 0 of 1 in service'],
  ])(
    'reports how many instances are in service, or that there is no group (row %#)',
    async (answers, opening, line) => {
      expect(await said('parent', answers, { opening })).toEqual([line]);
    },
  );
});
