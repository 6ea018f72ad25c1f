import { PRICE_TABLE, priceTableSha256 } from '@communique-tee/agents';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { REFERENCE_STRING_SHA256 } from '@communique-tee/residence';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { exampleParent } from './check-parent';
import { notBuilt } from './stand-ins';
import { ConfigError } from './config-error';
import { parseSettings, type ParseOptions } from './parse-settings';
import { ENCLAVE_SECRETS } from './settings-schema';

const good: Record<string, string> = {
  'aws:region': 'us-east-1',
  'communique-tee:domain': 'dev.example.org',
  'communique-tee:authIssuer': 'https://id.example.org/',
  'communique-tee:authAudience': 'communique',
  'communique-tee:authJwksUrl': 'https://id.example.org/jwks.json',
  'communique-tee:alarmEmail': 'operator@example.org',
  'communique-tee:monthlyBudgetUsd': '100',
  'communique-tee:redisAuthToken': 'abcdefghijklmnop',
  'communique-tee:availabilityZones': '["us-east-1a","us-east-1b"]',
  'communique-tee:keyAdministrators': 'arn:aws:iam::123456789012:role/one,arn:aws:iam::123456789012:role/two',
};
const withoutImage: ParseOptions = { root: '/nowhere', standIn: notBuilt };

const VPC = 'vpc-0a1b2c3d';
const TWO_SUBNETS = 'subnet-0a1b2c3d,subnet-0a1b2c3e';
const ADOPTED_NETWORK = {
  vpcId: VPC,
  publicSubnets: TWO_SUBNETS,
  privateSubnets: 'subnet-0a1b2c5d,subnet-0a1b2c5e',
};
const SEVERAL = { instances: '2', balancer: 'network', hostedZone: 'example.org' };

function problemsOf(
  changes: Record<string, string | undefined>,
  options = withoutImage,
  stack = 'dev',
): readonly string[] {
  const values = Object.fromEntries(
    Object.entries({
      ...good,
      ...Object.fromEntries(
        Object.entries(changes).map(([key, value]) => [key.includes(':') ? key : `communique-tee:${key}`, value]),
      ),
    }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  try {
    parseSettings(stack, values, options);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}

it('fills in the defaults', () => {
  expect(parseSettings('dev', good, withoutImage)).toMatchObject({
    instanceType: 'c6g.xlarge',
    enclaveCpuCount: 2,
    enclaveMemoryMiB: 3072,
    database: 'managed',
    redis: 'managed',
    instances: 1,
    maxInstances: 1,
    production: false,
  });
});

it.each<[string, Record<string, string | undefined>, RegExp]>([
  ['a key that does not exist', { instancetype: 'c6g.large' }, /instancetype: there is no such key/],
  ['no region', { 'aws:region': undefined }, /aws:region/],
  ['no domain', { domain: undefined }, /domain: is missing/],
  ['a domain with https://', { domain: 'https://x.example.org' }, /domain: a host name/],
  ['words instead of a number', { enclaveMemoryMiB: 'lots' }, /enclaveMemoryMiB: a whole number/],
  ['a number in exponent notation', { enclaveCpuCount: '2e0' }, /enclaveCpuCount: a whole number/],
  ['an issuer without TLS', { authIssuer: 'http://id.example.org/' }, /authIssuer: an https/],
  ['a measurement of SHA-256', { acceptedPcr0: `sha256:${'a'.repeat(64)}` }, /acceptedPcr0.*96 hexadecimal/],
  ['a debug measurement', { acceptedPcr0: `["${'0'.repeat(96)}"]` }, /acceptedPcr0.*all zero.*debug/],
  ['a list that is not JSON', { acceptedPcr0: '[1' }, /acceptedPcr0: a list/],
  [
    'nine measurements',
    { acceptedPcr0: Array.from({ length: 9 }, (_x, n) => `${n + 1}`.repeat(96)).join(',') },
    /acceptedPcr0: at most 8/,
  ],
  ['a database on the parent in production', { database: 'parent', production: 'true' }, /database parent: one disk/],
  [
    'several parents with Redis on the parent',
    { redis: 'parent', instances: '2', balancer: 'network', hostedZone: 'example.org' },
    /redis parent: several/,
  ],
  ['several parents without a balancer', { instances: '2' }, /balancer none/],
  ['a balancer without a zone', { balancer: 'network' }, /hostedZone: is missing/],
  ['a domain outside its zone', { hostedZone: 'other.org' }, /is not in the zone/],
  ['managed Redis without a password', { redisAuthToken: undefined }, /pulumi config set --secret redisAuthToken/],
  ['a password that needs quoting', { redisAuthToken: 'abc$efghijklmnop"' }, /redisAuthToken: only letters/],
  ['a password that ElastiCache refuses', { redisAuthToken: 'abcdefgh_ijklmnop' }, /redisAuthToken: only letters/],
  [
    'a domain that is too long for an ACM certificate',
    { domain: `${'a'.repeat(53)}.example.org`, balancer: 'network', hostedZone: 'example.org' },
    /domain: 65 characters; ACM's certificate/,
  ],
  [
    'a settings key of an earlier version',
    { acmeEmail: 'operator@example.org' },
    /^acmeEmail: is no longer a key: .*alarmEmail/,
  ],
  [
    'two addresses without natPerZone',
    { addresses: 'eipalloc-0a1b2c3d,eipalloc-0a1b2c3e' },
    /^addresses: names two, and/,
  ],
  [
    'one address for two zones',
    { addresses: 'eipalloc-0a1b2c3d', natPerZone: 'true' },
    /^addresses: names one, and natPerZone needs two/,
  ],
  ['an IP address instead of an allocation id', { addresses: '192.0.2.1' }, /^addresses: entry 1: an allocation id/],
  [
    'a certificate in another region',
    {
      certificateArn: `arn:aws:acm:eu-west-1:123456789012:certificate/${'1'.repeat(36)}`,
      balancer: 'network',
    },
    /^certificateArn: is in eu-west-1, and a balancer takes one of its own region, us-east-1/,
  ],
  [
    'a network without its private subnets',
    { vpcId: VPC, publicSubnets: TWO_SUBNETS },
    /^privateSubnets: is missing; a network of yours needs all of vpcId, publicSubnets, privateSubnets$/,
  ],
  [
    'subnets without their network',
    { publicSubnets: TWO_SUBNETS, privateSubnets: 'subnet-0a1b2c5d,subnet-0a1b2c5e' },
    /^vpcId: is missing/,
  ],
  [
    'one private subnet',
    { vpcId: VPC, publicSubnets: TWO_SUBNETS, privateSubnets: 'subnet-0a1b2c5d' },
    /^privateSubnets: one subnet; name two, in the order of availabilityZones$/,
  ],
  [
    'a subnet that is public and private',
    { vpcId: VPC, publicSubnets: TWO_SUBNETS, privateSubnets: 'subnet-0a1b2c3d,subnet-0a1b2c5e' },
    /^privateSubnets: subnet-0a1b2c3d is among publicSubnets too/,
  ],
  ['a VPC’s name instead of its id', { ...ADOPTED_NETWORK, vpcId: 'shared' }, /^vpcId: the id of a VPC like vpc-/],
  [
    'three subnets',
    { ...ADOPTED_NETWORK, publicSubnets: `${TWO_SUBNETS},subnet-0a1b2c3f` },
    /^publicSubnets: at most 2$/,
  ],
  ['NAT gateways in the operator’s own network', { ...ADOPTED_NETWORK, natPerZone: 'true' }, /^natPerZone: with vpcId/],
  [
    'an address for several parents in the operator’s own network',
    { ...ADOPTED_NETWORK, ...SEVERAL, addresses: 'eipalloc-0a1b2c3d' },
    /^addresses: with vpcId several parents use the addresses of your NAT gateways/,
  ],
  [
    'a database’s security group in the stack’s own network',
    { database: 'external', databaseSecurityGroup: 'sg-0a1b2c3d' },
    /^databaseSecurityGroup: a security group can admit only a group of its own network; name that network with vpcId/,
  ],
  [
    'a database’s secret in another region',
    { database: 'external', databaseUrlSecret: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:url-AbCdEf' },
    /^databaseUrlSecret: is in eu-west-1, and the parents read only secrets of us-east-1$/,
  ],
  [
    'a database’s secret without the end of its ARN',
    { database: 'external', databaseUrlSecret: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:url' },
    /^databaseUrlSecret: the whole ARN of a secret, with the six characters at its end$/,
  ],
  ['a retention that CloudWatch does not know', { logRetentionDays: '31' }, /logRetentionDays 31/],
  [
    'an administrator whose ARN is too long for a key policy',
    { keyAdministrators: `arn:aws:iam::123456789012:role/${'p'.repeat(200)}/${'r'.repeat(30)}` },
    /keyAdministrators: .*at most 256 characters/,
  ],
  [
    'an administrator with a wildcard',
    { keyAdministrators: 'arn:aws:iam::123456789012:role/*' },
    /keyAdministrators.*without wildcards/,
  ],
  ['no administrator of keys', { keyAdministrators: undefined }, /keyAdministrators: is missing/],
  ['an empty list of administrators', { keyAdministrators: '[]' }, /keyAdministrators: at least one/],
  [
    'a single administrator in production',
    { production: 'true', keyAdministrators: 'arn:aws:iam::123456789012:role/one' },
    /keyAdministrators: one is too few/,
  ],
  ['no zones', { availabilityZones: undefined }, /availabilityZones: is missing/],
  ['one zone', { availabilityZones: 'us-east-1a' }, /availabilityZones: two different/],
  ['three zones', { availabilityZones: 'us-east-1a,us-east-1b,us-east-1c' }, /availabilityZones: at most 2/],
  ['one zone twice', { availabilityZones: 'us-east-1a,us-east-1a' }, /availabilityZones: two different/],
  [
    'zones of another region',
    { availabilityZones: 'us-west-2a,us-east-1b' },
    /availabilityZones us-west-2a: not in us-east-1/,
  ],
  [
    'a Local Zone',
    { availabilityZones: 'us-east-1a,us-east-1-bos-1a' },
    /availabilityZones: entry 2: an availability zone/,
  ],
  ['a CodeBuild project without repository and commit', { imageBuild: 'true' }, /imageBuild: needs/],
  [
    'an image build without a Debian mirror',
    {
      imageBuild: 'true',
      imageBuildRepository: 'https://git.example.org/communique-tee',
      imageBuildCommit: 'c'.repeat(40),
    },
    /imageBuild: needs .*imageBuildDebianMirror/,
  ],
  ['gateway variables that are not JSON', { gatewayEnvironment: 'A=1' }, /gatewayEnvironment/],
  [
    'more instances than maxInstances',
    { instances: '3', maxInstances: '2', balancer: 'network', hostedZone: 'example.org' },
    /maxInstances 2: fewer/,
  ],
])('refuses %s', (_name, changes, words) => {
  const problems = problemsOf(changes);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(words);
});

it.each(['Production_Europe_West', 'thirteen-long', 'eu--west', 'eu-', '-eu', '1', ''])(
  'refuses the stack name %j, because AWS would refuse names with it',
  (stack) => {
    expect(problemsOf({}, withoutImage, stack)).toEqual([expect.stringMatching(/^stack .*names in AWS/)]);
  },
);

it.each(['a', 'eu-west', 'twelve-chars', 'v2-1'])('accepts the stack name %s', (stack) => {
  expect(problemsOf({}, withoutImage, stack)).toEqual([]);
});

it('accepts a domain of 64 characters behind a balancer, and of 250 without one', () => {
  expect(
    problemsOf({ domain: `${'a'.repeat(52)}.example.org`, balancer: 'network', hostedZone: 'example.org' }),
  ).toEqual([]);
  expect(problemsOf({ domain: `${Array(4).fill('a'.repeat(59)).join('.')}.${'b'.repeat(10)}` })).toEqual([]);
});

it('reports all problems at once, without the value of a secret', () => {
  const problems = problemsOf(
    {
      domain: undefined,
      instanceType: 't4g.small',
      database: 'parent',
      production: 'true',
      redisAuthToken: 'secret word',
    },
    { root: '/nowhere' },
  );
  for (const words of [
    'domain: is missing',
    't4g.small',
    'database parent',
    'redisAuthToken',
    'image -- build',
    'ops -- release',
  ])
    expect(problems.some((problem) => problem.includes(words))).toBe(true);
  expect(problems.join()).not.toContain('secret word');
});

it('needs only eight keys beside the region for a first stack, and derives the others', () => {
  const { 'communique-tee:redisAuthToken': _token, ...rest } = good;
  const few = { ...rest, 'communique-tee:database': 'parent', 'communique-tee:redis': 'parent' };
  for (const key of ['authAudience', 'authJwksUrl']) Reflect.deleteProperty(few, `communique-tee:${key}`);
  expect(Object.keys(few)).toHaveLength(1 + 8);
  expect(parseSettings('dev', { ...few, 'communique-tee:instanceType': 'c6g.large' }, withoutImage)).toMatchObject({
    authAudience: 'https://dev.example.org',
    authJwksUrl: 'https://id.example.org/.well-known/jwks.json',
    enclaveCpuCount: 1,
    enclaveMemoryMiB: 1024,
  });
});

it.each([
  ['one parent', { addresses: 'eipalloc-0a1b2c3d' }],
  ['several parents', SEVERAL],
  ['a database of the operator’s', { database: 'external', databaseSecurityGroup: 'sg-0a1b2c3d' }],
])('accepts the operator’s own network for %s', (_what, changes) => {
  expect(problemsOf({ ...ADOPTED_NETWORK, ...changes })).toEqual([]);
});

it('accepts the operator’s own certificate instead of a zone', () => {
  const certificateArn = `arn:aws:acm:us-east-1:123456789012:certificate/${'1'.repeat(36)}`;
  expect(problemsOf({ certificateArn, balancer: 'network' })).toEqual([]);
});

it('accepts the image’s own measurement and those of acceptedPcr0, each once', () => {
  const { pcr0 } = notBuilt('arm64').image;
  const before = 'B'.repeat(96);
  expect(
    parseSettings(
      'dev',
      { ...good, 'communique-tee:acceptedPcr0': JSON.stringify([`sha384:${before}`, pcr0]) },
      withoutImage,
    ).acceptedImages,
  ).toEqual([pcr0, before.toLowerCase()]);
});

describe('the image folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'communique-config-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const measurements = {
    image: 'communique-tee.eif',
    version: '0.1.0',
    architecture: 'arm64',
    stack: 'dev',
    sizeBytes: 4,
    sha384: 'a'.repeat(96),
    hashAlgorithm: 'SHA384',
    pcr0: '1'.repeat(96),
    pcr1: '2'.repeat(96),
    pcr2: '3'.repeat(96),
    commit: 'abc',
    routes: [{ host: 'a.example.org', port: 443, vsockPort: 8001 }],
  };
  const release = join(folder, 'release.tar.gz');
  writeFileSync(release, gzipSync('x'));
  const problems = (changed: object, eif = 'eif!', settings: Record<string, string> = {}): readonly string[] => {
    writeFileSync(join(folder, 'communique-tee.eif'), eif);
    writeFileSync(join(folder, 'measurements.json'), JSON.stringify({ ...measurements, ...changed }));
    return problemsOf({ imageFolder: folder, releaseFile: release, ...settings }, { root: '/nowhere' });
  };

  it('is accepted with a valid image', () => expect(problems({})).toEqual([]));

  it('needs only measurements.json for a preview, and also image and release for `pulumi up`', () => {
    problems({});
    rmSync(join(folder, 'communique-tee.eif'));
    const changes = { imageFolder: folder, releaseFile: join(folder, 'absent.tar.gz') };
    expect(problemsOf(changes, { root: '/nowhere', previewing: true })).toEqual([]);
    expect(problemsOf(changes, { root: '/nowhere' })).toEqual([
      expect.stringMatching(/^imageFolder: .*communique-tee\.eif is missing/),
      expect.stringMatching(/^releaseFile: there is no file/),
    ]);
    // A preview needs the measurements.
    rmSync(join(folder, 'measurements.json'));
    expect(problemsOf(changes, { root: '/nowhere', previewing: true })).toEqual([
      expect.stringMatching(/^imageFolder: there is no file .*measurements\.json/),
    ]);
  });
  it('is accepted with a route to KMS in the stack’s region', () =>
    expect(
      problems({
        routes: [...measurements.routes, { host: 'kms.us-east-1.amazonaws.com', port: 443, vsockPort: 8003 }],
      }),
    ).toEqual([]));
  it.each<[string, object, RegExp]>([
    ['zeros for PCR0', { pcr0: '0'.repeat(96) }, /pcr0: all zero/],
    ['zeros for PCR2 alone', { pcr2: '0'.repeat(96) }, /pcr2: all zero/],
    ['an image of another stack', { stack: 'prod' }, /configuration of stack prod inside/],
    ['an image of the other architecture', { architecture: 'x86_64' }, /is arm64, the image was built for x86_64/],
    ['a path instead of a file name', { image: '../x.eif' }, /image/],
    [
      'an egress route to KMS in another region',
      { routes: [{ host: 'kms.eu-west-1.amazonaws.com', port: 443, vsockPort: 8003 }] },
      /KMS in eu-west-1.*us-east-1/,
    ],
    ['no route', { routes: [] }, /no egress route/],
    ['another size than measurements.json states', { sizeBytes: 5 }, /has 4 bytes/],
  ])('is refused for %s', (_name, changed, words) => {
    const found = problems(changed);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(words);
  });
  describe('if it states how long the enclave may take to answer', () => {
    const inside = { longestAnswerMs: { message: 60_000, task: 85_000, keys: 10_000 } };
    const withVariables = (variables: object, changed: object = inside, settings: Record<string, string> = {}) =>
      problems(changed, 'eif!', { gatewayEnvironment: JSON.stringify(variables), ...settings });
    const agents = { agents: 'on', enclaveSecrets: 'cwc-house,cwc-senate,openai-api-key' };
    const withAgents = {
      ...inside,
      agents: 'on',
      prices: { version: PRICE_TABLE.version, sha256: priceTableSha256(PRICE_TABLE) },
    };

    it('accepts a gateway that waits 5 s longer than the enclave may take, as the gateway does by default', () => {
      expect(problems(inside)).toEqual([]);
      expect(withVariables({ ENCLAVE_TIMEOUT_MS: '65000' })).toEqual([]);
      expect(withVariables({ AGENT_TIMEOUT_MS: '1000' })).toEqual([]);
      expect(problems(withAgents, 'eif!', agents)).toEqual([]);
      expect(withVariables({ ENCLAVE_TIMEOUT_MS: '1000' }, {})).toEqual([]);
    });

    it.each([
      [
        'a message',
        { ENCLAVE_TIMEOUT_MS: '64999' },
        inside,
        {},
        /^gatewayEnvironment: ENCLAVE_TIMEOUT_MS is 64999, .* a message may take 60000 ms: set it to 65000/,
      ],
      [
        'keys',
        { ENCLAVE_TIMEOUT_MS: '60000' },
        { longestAnswerMs: { message: 10_000, keys: 60_000 } },
        {},
        /ENCLAVE_TIMEOUT_MS is 60000, .* keys may take 60000 ms/,
      ],
      [
        'a task',
        { AGENT_TIMEOUT_MS: '89999' },
        withAgents,
        agents,
        /AGENT_TIMEOUT_MS is 89999, .* a task may take 85000 ms: set it to 90000/,
      ],
      [
        'a message, by default',
        {},
        { longestAnswerMs: { message: 60_001 } },
        {},
        /ENCLAVE_TIMEOUT_MS is 65000, .*: set it to 65001/,
      ],
    ])(
      'refuses a gateway timeout that is less than 5 s above the time that the enclave may take for %s',
      (_name, variables, changed, settings, words) => {
        expect(withVariables(variables, changed, settings)).toEqual([expect.stringMatching(words)]);
      },
    );

    it('accepts a gateway that waits for the longest answer that the enclave’s configuration allows', () => {
      expect(
        withVariables(
          { ENCLAVE_TIMEOUT_MS: '605000', DELIVERY_LEASE_MS: '700000' },
          { longestAnswerMs: { message: 600_000 } },
        ),
      ).toEqual([]);
    });
  });
  describe('with agents', () => {
    it('names the secrets of providers as the example configuration does', () => {
      const example = readFileSync(join(workspaceRoot(), 'apps/enclave/config/example.production.json'), 'utf8');
      const named = [...example.matchAll(/"apiKeySecret": "([^"]+)"/g)].map(([, name]) => name);
      expect(named).toEqual([...ENCLAVE_SECRETS]);
    });
    const keys = 'cwc-house,cwc-senate,anthropic-api-key';
    const prices = { version: PRICE_TABLE.version, sha256: priceTableSha256(PRICE_TABLE) };
    const host = 'api.anthropic.com';
    const inside = {
      agents: 'on',
      prices,
      secrets: ['cwc-house', 'anthropic-api-key'],
      routes: [...measurements.routes, { host, port: 443, vsockPort: 8006 }],
      destinations: [
        { host: 'a.example.org', port: 443 },
        { host, port: 443 },
      ],
    };

    it('accepts an image with agents if the stack has the secrets that the image names', () => {
      expect(problems(inside, 'eif!', { agents: 'on', enclaveSecrets: keys })).toEqual([]);
      expect(problems(inside, 'eif!', { enclaveSecrets: keys })).toEqual([]);
      expect(problems({ ...inside, prices: { ...prices, sha256: 'x' } }, 'eif!', { enclaveSecrets: keys })).toEqual([]);
    });
    it.each([
      ['no agents', { agents: 'off' }, { agents: 'on' }, /^agents: on here, and .* has no services.agents/],
      ['an old build', {}, { agents: 'on' }, /^agents: on here/],
      [
        'a key that the stack does not have',
        inside,
        {},
        /^enclaveSecrets: .* names anthropic-api-key, which its enclave would/,
      ],
      [
        'no route to a provider',
        { ...inside, routes: measurements.routes },
        { agents: 'on', enclaveSecrets: keys },
        /^imageFolder: that image has to reach api\.anthropic\.com:443 and has no egress route there/,
      ],
      [
        'a route to another port of a provider',
        { ...inside, routes: [...measurements.routes, { host, port: 8443, vsockPort: 8006 }] },
        { enclaveSecrets: keys },
        /^imageFolder: .* api\.anthropic\.com:443 and has no egress route/,
      ],
      [
        'other prices',
        { ...inside, prices: { ...prices, sha256: 'x' } },
        { agents: 'on', enclaveSecrets: keys },
        /^agents: that image calculates by the prices .*from one commit$/,
      ],
    ])('refuses an image with %s', (_what, image, changes, words) => {
      expect(problems(image, 'eif!', changes)).toEqual([expect.stringMatching(words)]);
    });
  });

  describe('with proofs of residence', () => {
    const key = 'example-registrar+e1a1d779+AUvq3isjNDC5cYuqzs8P4FHLIqILbXmlqfxa2HOI4vc8';
    const settings = { residence: 'required', residenceRegistrar: 'example-registrar', residenceKeys: key };
    const residence = { mode: 'required', registrar: 'example-registrar', keys: [key], maxCampaignDays: 90 };
    it('is accepted if image and stack have the same settings, with the keys in any order', () => {
      const other = 'example-registrar+546285b9+AZTGzRuzBVuFBHbUMG2qsXbkIkyL1V46GxnUtYi/z0Q4';
      expect(problems({ residence }, 'eif!', settings)).toEqual([]);
      expect(problems({ residence: { mode: 'off' } }, 'eif!', {})).toEqual([]);
      const two = { residence: { ...residence, keys: [key, other] } };
      expect(problems(two, 'eif!', { ...settings, residenceKeys: `${other},${key}` })).toEqual([]);
    });
    it.each<[string, object, object, RegExp]>([
      ['another mode', { ...residence, mode: 'optional' }, settings, /^residence: required here, and optional in/],
      ['no proofs', { mode: 'off' }, settings, /^residence: required here, and off in/],
      ['proofs, but the stack has none', residence, {}, /^residence: off here, and required in/],
      ['another registrar', { ...residence, registrar: 'other' }, settings, /^residenceRegistrar: .*names other$/],
      ['another key', { ...residence, keys: [`${key}2`] }, settings, /^residenceKeys: .*other keys$/],
      ['one key more', { ...residence, keys: [key, `${key}2`] }, settings, /^residenceKeys: .*other keys$/],
    ])('is refused if the image has %s', (_name, inside, changes, words) => {
      expect(problems({ residence: inside }, 'eif!', { ...changes })).toEqual([expect.stringMatching(words)]);
    });
    it('is refused if the image does not name its mode', () => {
      expect(problems({}, 'eif!', settings)).toEqual([expect.stringMatching(/^residence: .*build it again$/)]);
    });
  });
  describe('if several parents share one queue', () => {
    const several = { instances: '2', balancer: 'application', hostedZone: 'example.org' };
    it.each([
      ['instances is 2', several],
      ['maxInstances is 2', { ...several, instances: '1', maxInstances: '2' }],
    ])('is accepted with KMS-sealed keys, which every enclave can open: %s', (_name, settings) => {
      expect(problems({ custody: 'kms' }, 'eif!', settings)).toEqual([]);
    });
    it.each<[string, object, Record<string, string>, RegExp]>([
      ['per-process keys', { custody: 'process' }, several, /^instances: an image of custody process.*key_retired/],
      [
        'per-process keys, if maxInstances is 2',
        { custody: 'process' },
        { ...several, instances: '1', maxInstances: '2' },
        /^instances: .*custody process/,
      ],
      ['measurements that do not name the custody', {}, several, /^instances: .*does not say.*build it again/],
      ['an unknown custody', { custody: 'paper' }, {}, /custody/],
    ])('is refused for %s', (_name, changed, settings, words) => {
      expect(problems(changed, 'eif!', settings)).toEqual([expect.stringMatching(words)]);
    });
    it('is accepted with either custody for one parent', () => {
      for (const custody of ['process', 'kms']) expect(problems({ custody })).toEqual([]);
    });
  });
  describe('with the release beside it', () => {
    const built = join(folder, 'communique-tee-arm64.tar.gz');
    const said = (content: Buffer | undefined, release?: object): readonly string[] => {
      problems({});
      rmSync(built, { force: true });
      rmSync(join(folder, 'release.json'), { force: true });
      if (content) writeFileSync(built, content);
      if (release) writeFileSync(join(folder, 'release.json'), JSON.stringify(release));
      return problemsOf({ imageFolder: folder, releaseFile: built }, { root: '/nowhere' });
    };
    const archive = gzipSync('programs');
    const sha256 = createHash('sha256').update(archive).digest('hex');
    it.each([
      ['absent', undefined],
      ['of this architecture', { arch: 'arm64', sha256 }],
      ['of another archive, built later', { arch: 'x86_64', sha256: 'f'.repeat(64) }],
    ])('is accepted with a release.json that is: %s', (_what, described) => {
      expect(said(archive, described)).toEqual([]);
    });
    it.each<[string, object | undefined, boolean]>([
      [
        'of this archive and names the string',
        { arch: 'arm64', sha256, referenceString: REFERENCE_STRING_SHA256 },
        true,
      ],
      ['of this archive and says that there is no string', { arch: 'arm64', sha256, referenceString: null }, false],
      ['of this archive and names another string', { arch: 'arm64', sha256, referenceString: 'f'.repeat(64) }, false],
      ['of this archive and does not mention a string', { arch: 'arm64', sha256 }, false],
      [
        'of another archive',
        { arch: 'arm64', sha256: 'f'.repeat(64), referenceString: REFERENCE_STRING_SHA256 },
        false,
      ],
      ['absent', undefined, false],
    ])('has the reference string only if release.json says so; here release.json is %s', (_what, described, holds) => {
      said(archive, described);
      const settings = parseSettings(
        'dev',
        { ...good, 'communique-tee:imageFolder': folder, 'communique-tee:releaseFile': built },
        { root: '/nowhere' },
      );
      expect(exampleParent(settings).release.referenceString).toBe(holds);
    });
    it.each<[string, Buffer | undefined, object | undefined, RegExp]>([
      [
        'absent',
        undefined,
        undefined,
        /there is no .*communique-tee-arm64.tar.gz; build the release first: npm run ops -- release --arch arm64$/,
      ],
      ['empty', Buffer.alloc(0), undefined, /no gzip archive.*npm run ops -- release/],
      [
        'of the other architecture',
        archive,
        { arch: 'x86_64', sha256 },
        /built for x86_64, and the parent is arm64: npm run ops -- release --arch arm64$/,
      ],
    ])('is refused if the release is %s', (_what, content, described, words) => {
      expect(said(content, described)).toEqual([expect.stringMatching(words)]);
    });
  });
  it('is refused if measurements.json is not JSON', () => {
    writeFileSync(join(folder, 'measurements.json'), '{');
    expect(problemsOf({ imageFolder: folder, releaseFile: release }, { root: '/nowhere' })[0]).toContain('is not JSON');
  });
});
