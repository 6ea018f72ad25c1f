import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual, parseEnv } from 'node:util';
import { build } from 'esbuild';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { ENCLAVE_SECRETS, type Environment, parseEnvironment } from './environment';
import { VARIABLES } from './variables';

const PCR0 = 'ab'.repeat(48);
const PCR3 = '3c'.repeat(48);
const GOOD: Environment = {
  NODE_ENV: 'development',
  DATABASE_URL: 'postgresql://u:sesame@127.0.0.1/db',
  AUTH_ISSUER: 'https://id.test/',
  AUTH_AUDIENCE: 'a',
  AUTH_JWKS_URL: 'https://id.test/jwks',
  TEE_ENDPOINT: 'vsock:16:5000',
  TEE_EXPECTED_CODE_HASH: `sha384:${PCR0}`,
  TEE_EXPECTED_OPERATOR: `sha384:${PCR3}`,
};
const SIGN_IN: Environment = {
  PAGE_OIDC_CLIENT_ID: 'page',
  PAGE_OIDC_AUTHORIZATION_ENDPOINT: 'https://login.id.test/authorize?tenant=1',
  PAGE_OIDC_TOKEN_ENDPOINT: 'https://id.test/oauth/token',
};
/** A made-up key. No note is signed with it. */
const VERIFIER_KEY = 'test-registrar+39a65c34+AZTGzRuzBVuFBHbUMG2qsXbkIkyL1V46GxnUtYi/z0Q4';
const RESIDENCE: Environment = {
  RESIDENCE: 'required',
  RESIDENCE_REGISTRAR: 'test-registrar',
  RESIDENCE_KEYS: VERIFIER_KEY,
  RESIDENCE_FILES_URL: 'https://registrar.test/tree',
};
const PRODUCTION: Environment = { ...GOOD, NODE_ENV: 'production', REDIS_URL: 'rediss://redis.test' };

function config(environment: Environment, readFile?: (path: string) => string) {
  const parsed = parseEnvironment(environment, readFile);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.config;
}

function problems(environment: Environment, readFile?: (path: string) => string): string[] {
  const parsed = parseEnvironment(environment, readFile);
  return parsed.ok ? [] : parsed.problems;
}

describe('the environment', () => {
  it('applies the rules of production if NODE_ENV is not set', () => {
    expect(problems({ ...GOOD, NODE_ENV: undefined })).toEqual([
      expect.stringMatching(/^REDIS_URL: is required in production/),
    ]);
    expect(config({ ...PRODUCTION, NODE_ENV: undefined }).environment).toBe('production');
  });

  it('applies the rules of production if NODE_ENV is not valid', () => {
    expect(problems({ ...GOOD, NODE_ENV: 'prod' }).map((line) => line.split(':')[0])).toEqual([
      'NODE_ENV',
      'REDIS_URL',
    ]);
  });

  it('refuses a cap that is lower than the highest cost of one message', () => {
    const priced = { ...GOOD, DELIVERY_PRICE_PER_OFFICE: '0.01' };
    expect(problems({ ...priced, DEFAULT_USER_DAILY_LIMIT: '0.03' })).toEqual([
      expect.stringMatching(/^DEFAULT_USER_DAILY_LIMIT: is less than one message can cost/),
    ]);
    expect(problems({ ...priced, DEFAULT_USER_DAILY_LIMIT: '0.04' })).toEqual([]);
    expect(problems({ ...GOOD, DEFAULT_USER_DAILY_LIMIT: '0.01' })).toEqual([]);
  });

  it('has a default for every variable that is not required', () => {
    expect(config(GOOD)).toMatchObject({
      environment: 'development',
      http: { host: '127.0.0.1', port: 3001, trustedProxies: [] },
      rateLimits: { windowMs: 60_000, maxRequests: 100 },
      budget: {
        userDayCapMicroUsd: 10_000_000n,
        userDayMessages: 20,
        systemHourCapMicroUsd: 100_000_000n,
        systemDayCapMicroUsd: 500_000_000n,
      },
      attestation: { verify: true, acceptedMeasurements: [{ pcr0: PCR0, pcr3: PCR3 }] },
      enclave: { addresses: ['vsock:16:5000'] },
      keys: { intervalMs: 15_000 },
    });
    expect(problems(PRODUCTION)).toEqual([]);
  });

  it('reports every problem at once', () => {
    const names = problems({
      PORT: '70000',
      LOG_LEVEL: 'loud',
      SYSTEM_HOURLY_LIMIT: '1e3',
      REDIS_URL: 'http://x',
      TEE_EXPECTED_CODE_HASH: 'sha256:00',
      SENTRY_DSN: 'x',
      TEE_ENDPIONT: 'y',
      AUTH_ALGORITHMS: 'HS256',
    }).map((line) => line.split(':')[0]);
    expect(names).toEqual([
      'AUTH_ALGORITHMS',
      'AUTH_AUDIENCE',
      'AUTH_ISSUER',
      'AUTH_JWKS_URL',
      'DATABASE_URL',
      'LOG_LEVEL',
      'PORT',
      'REDIS_URL',
      'SENTRY_DSN',
      'SYSTEM_HOURLY_LIMIT',
      'TEE_ENDPIONT',
      'TEE_ENDPOINT',
      'TEE_EXPECTED_CODE_HASH',
      'TEE_EXPECTED_OPERATOR',
    ]);
  });

  it('never repeats a value in a problem', () => {
    const secret = 'sesame-open';
    const lines = problems(Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, `${secret}\n`])));
    expect(lines.length).toBeGreaterThan(30);
    expect(lines.join('\n')).not.toContain(secret);
  });

  it.each<[string, Environment, string]>([
    [
      'a measurement of the wrong hash',
      { TEE_EXPECTED_CODE_HASH: `sha256:${'a'.repeat(64)}` },
      'TEE_EXPECTED_CODE_HASH: entry 1: sha256 cannot be a measurement of an enclave: PCR0 is a SHA-384',
    ],
    [
      'the measurement of a debug enclave',
      { TEE_EXPECTED_CODE_HASH: `sha384:${PCR0},sha384:${'0'.repeat(96)}` },
      'TEE_EXPECTED_CODE_HASH: entry 2: all zero',
    ],
    ['a measurement without its prefix', { TEE_EXPECTED_CODE_HASH: PCR0 }, 'TEE_EXPECTED_CODE_HASH: entry 1: must be'],
    ['no measurement', { TEE_EXPECTED_CODE_HASH: ' ' }, 'TEE_EXPECTED_CODE_HASH: is required'],
    [
      'a password in the address of the keys',
      { AUTH_JWKS_URL: 'https://u:geheim@id.test/' },
      'AUTH_JWKS_URL: must not contain a user name or password',
    ],
    ['no operator', { TEE_EXPECTED_OPERATOR: '' }, 'TEE_EXPECTED_OPERATOR: is required while attestation is verified'],
    [
      'an operator without its prefix',
      { TEE_EXPECTED_OPERATOR: PCR3 },
      'TEE_EXPECTED_OPERATOR: entry 1: must be sha384:',
    ],
    [
      'the operator of a parent without a role',
      { TEE_EXPECTED_OPERATOR: `sha384:${PCR3},sha384:${'0'.repeat(96)}` },
      'TEE_EXPECTED_OPERATOR: entry 2: all zero is a parent instance without a role',
    ],
    [
      'an instance profile in place of a role',
      { TEE_EXPECTED_OPERATOR: 'arn:aws:iam::111122223333:instance-profile/parent' },
      'TEE_EXPECTED_OPERATOR: entry 1: must be the ARN of a role',
    ],
    [
      'the word any beside an operator',
      { TEE_EXPECTED_OPERATOR: `any,sha384:${PCR3}` },
      'TEE_EXPECTED_OPERATOR: entry 1: must be',
    ],
    ['two key sources', { AUTH_JWKS_FILE: '/x' }, 'AUTH_JWKS_URL: set either'],
    ['an algorithm that is symmetric', { AUTH_ALGORITHMS: 'ES256,HS256' }, 'AUTH_ALGORITHMS: '],
    ['the algorithm none', { AUTH_ALGORITHMS: 'none' }, 'AUTH_ALGORITHMS: '],
    ['an unknown token type', { AUTH_TOKEN_TYPE: 'JWT' }, 'AUTH_TOKEN_TYPE: must be one of at+jwt, any'],
    ['a database address with another scheme', { DATABASE_URL: 'mysql://x/y' }, 'DATABASE_URL: must be a URL'],
    [
      'an amount with seven decimal places',
      { DEFAULT_USER_DAILY_LIMIT: '10.0000001' },
      'DEFAULT_USER_DAILY_LIMIT: must be an amount',
    ],
    ['an endpoint without a context id', { TEE_ENDPOINT: 'vsock:5000' }, 'TEE_ENDPOINT: must be'],
    ['an emulated endpoint without its port', { TEE_ENDPOINT: 'hybrid:/run/vm' }, 'TEE_ENDPOINT: must be'],
    ['an emulated endpoint with a relative path', { TEE_ENDPOINT: 'hybrid:vm:5000' }, 'TEE_ENDPOINT: must be'],
    ['an endpoint by name', { TEE_ENDPOINT: 'tcp:enclave.test:5000' }, 'TEE_ENDPOINT: must be'],
    [
      'a list of endpoints with an empty entry',
      { TEE_ENDPOINT: '', ENCLAVE_URLS: 'vsock:16:5000,,vsock:17:5000' },
      'ENCLAVE_URLS: must be 1 to 32',
    ],
    [
      'a list that names one endpoint twice',
      { TEE_ENDPOINT: '', ENCLAVE_URLS: 'vsock:16:5000,vsock:16:5000' },
      'ENCLAVE_URLS: must be 1 to 32',
    ],
    [
      'a list of endpoints and a single endpoint',
      { ENCLAVE_URLS: 'vsock:17:5000,vsock:18:5000' },
      'ENCLAVE_URLS: must include the address in',
    ],
    [
      'a list of endpoints without verification',
      {
        TEE_ENDPOINT: '',
        ENCLAVE_URLS: 'vsock:16:5000,vsock:17:5000',
        NODE_ENV: 'development',
        TEE_ENABLE_ATTESTATION_VERIFICATION: 'false',
      },
      'ENCLAVE_URLS: names more than one',
    ],
    ['two single endpoints that differ', { ENCLAVE_URL: 'vsock:17:5000' }, 'ENCLAVE_URL: names another place'],
    [
      'a relative path of the enclave’s secrets',
      { ENCLAVE_SECRETS_FILE: 'secrets.json' },
      'ENCLAVE_SECRETS_FILE: must be an absolute path',
    ],
    ['a lease shorter than a relay', { DELIVERY_LEASE_MS: '60000' }, 'DELIVERY_LEASE_MS: must be more'],
    [
      'a minimum back-off above the maximum',
      { DELIVERY_MIN_BACKOFF_MS: '5000', DELIVERY_MAX_BACKOFF_MS: '4000' },
      'DELIVERY_MIN_BACKOFF_MS: must not',
    ],
    ['a mock without its root', { TEE_PROVIDER: 'mock' }, 'ATTESTATION_DEVELOPMENT_ROOT_FILE: is required'],
    [
      'a development root with the provider AWS',
      { ATTESTATION_DEVELOPMENT_ROOT_FILE: '/x' },
      'ATTESTATION_DEVELOPMENT_ROOT_FILE: is allowed only with',
    ],
    [
      'a cap under a misspelt name',
      { SYSTEM_HOURLY_LIMT: '1.00' },
      'SYSTEM_HOURLY_LIMT: is not a variable that the gateway knows; did you mean SYSTEM_HOURLY_LIMIT?',
    ],
    [
      'a threshold under a misspelt name',
      { EMERGENCY_SHUTDOWN_TRESHOLD: '1.00' },
      'EMERGENCY_SHUTDOWN_TRESHOLD: is not a variable',
    ],
    [
      'a user’s limit under a misspelt name',
      { DEFAULT_USER_DAILY_LIMITS: '1.00' },
      'DEFAULT_USER_DAILY_LIMITS: is not a variable',
    ],
    [
      'a proxy under a name that the gateway does not read',
      { TRUSTED_PROXY: '127.0.0.1' },
      'TRUSTED_PROXY: is not a variable',
    ],
    [
      'a time-out under a name that the gateway does not read',
      { ENCLAVE_TIMEOUT: '1000' },
      'ENCLAVE_TIMEOUT: is not a variable',
    ],
    [
      'a metrics port under a name that the gateway does not read',
      { METRICS_PROT: '9464' },
      'METRICS_PROT: is not a variable',
    ],
    ['metrics on the port of the service', { METRICS_PORT: '3001' }, 'METRICS_PORT: is the same as PORT'],
    [
      'a secret in the address of metrics',
      { METRICS_ENDPOINT: 'https://u:p@m.test/v1/metrics' },
      'METRICS_ENDPOINT: must not contain',
    ],
    [
      'an admission limit under a name that the gateway does not read',
      { ADMISSION_MAX_WAITNG: '10' },
      'ADMISSION_MAX_WAITNG: is not a variable',
    ],
    [
      'a retention under a name that the gateway does not read',
      { RETENTION_MESSAGE_DAYS: '10' },
      'RETENTION_MESSAGE_DAYS: is not a variable',
    ],
    ['a DSN without a key', { SENTRY_DSN: 'https://s.test/1' }, 'SENTRY_DSN: must be'],
    ['a DSN without a project', { SENTRY_DSN: 'https://0123@s.test/' }, 'SENTRY_DSN: must be'],
    ['a DSN with a secret key', { SENTRY_DSN: 'https://0123:4567@s.test/1' }, 'SENTRY_DSN: must be'],
    ['a DSN with a query', { SENTRY_DSN: 'https://0123@s.test/1?x=1' }, 'SENTRY_DSN: must be'],
    ['a DSN of another scheme', { SENTRY_DSN: 'ftp://0123@s.test/1' }, 'SENTRY_DSN: must be'],
    ['a DSN with a line break in its key', { SENTRY_DSN: 'https://01%0d%0a23@s.test/1' }, 'SENTRY_DSN: must be'],
    [
      'a shutdown timeout that is not longer than the drain',
      { SHUTDOWN_DRAIN_MS: '5000', SHUTDOWN_TIMEOUT_MS: '5000' },
      'SHUTDOWN_TIMEOUT_MS: must be more',
    ],
    ['an origin with a path', { CORS_ORIGINS: 'https://app.test/' }, 'CORS_ORIGINS: must be a list of origins'],
    ['every origin', { CORS_ORIGINS: '*' }, 'CORS_ORIGINS: must be a list of origins'],
    ['every host of a domain', { CORS_ORIGINS: 'https://*.app.test' }, 'CORS_ORIGINS: must be a list of origins'],
    [
      'a sign-in without its client',
      { ...SIGN_IN, PAGE_OIDC_CLIENT_ID: '' },
      'PAGE_OIDC_CLIENT_ID: is required for sign-in on the page',
    ],
    [
      'a sign-in without the address of its tokens',
      { ...SIGN_IN, PAGE_OIDC_TOKEN_ENDPOINT: '' },
      'PAGE_OIDC_TOKEN_ENDPOINT: is required',
    ],
    ...['javascript:alert(1)', 'https://u:geheim@id.test/', 'https://id.test/#x', 'id.test'].map(
      (endpoint): [string, Environment, string] => [
        `${endpoint} as the address of sign-in`,
        { ...SIGN_IN, PAGE_OIDC_AUTHORIZATION_ENDPOINT: endpoint },
        'PAGE_OIDC_AUTHORIZATION_ENDPOINT: must be an https:// URL',
      ],
    ),
    ...[
      'https://id.test/a;b',
      'https://id.test/a,b',
      'https://id.test/?x=1',
      'https://*.id.test/',
      'https://[::1]/',
    ].map((endpoint): [string, Environment, string] => [
      `${endpoint} as the address of tokens`,
      { ...SIGN_IN, PAGE_OIDC_TOKEN_ENDPOINT: endpoint },
      'PAGE_OIDC_TOKEN_ENDPOINT: must have no query',
    ]),
    [
      'tokens over plain HTTP from another machine',
      { ...SIGN_IN, PAGE_OIDC_TOKEN_ENDPOINT: 'http://127.0.0.1.id.test/token' },
      'PAGE_OIDC_TOKEN_ENDPOINT: must be https:// (http:// only on this machine',
    ],
    [
      'sign-in scopes without openid',
      { ...SIGN_IN, PAGE_OIDC_SCOPE: 'profile' },
      'PAGE_OIDC_SCOPE: must contain openid',
    ],
    [
      'scopes separated by a comma',
      { ...SIGN_IN, PAGE_OIDC_SCOPE: 'openid,  profile' },
      'PAGE_OIDC_SCOPE: must be 1 to 16',
    ],
    [
      'the parameter resource with an audience that is no URI',
      { ...SIGN_IN, PAGE_OIDC_AUDIENCE_PARAMETER: 'resource' },
      'PAGE_OIDC_AUDIENCE_PARAMETER: is resource, but AUTH_AUDIENCE is no absolute URI',
    ],
    [
      'the scope of sign-in under a misspelt name',
      { PAGE_OIDC_SCOPES: 'openid' },
      'PAGE_OIDC_SCOPES: is not a variable',
    ],
    ['a scope of two words', { AUTH_ADMIN_SCOPE: 'a b' }, 'AUTH_ADMIN_SCOPE: must be one scope'],
    ['agents that are neither on nor off', { AGENTS: 'true' }, 'AGENTS: must be on or off'],
    [
      'agents with attestation that is not verified',
      { AGENTS: 'on', TEE_ENABLE_ATTESTATION_VERIFICATION: 'false' },
      'AGENTS: needs verified attestation',
    ],
    ['an agent’s variable that does not exist', { AGENT_MODEL: 'x' }, 'AGENT_MODEL: is not a variable'],
    ['a mode of residence that is unknown', { ...RESIDENCE, RESIDENCE: 'on' }, 'RESIDENCE: must be one of'],
    ...['RESIDENCE_REGISTRAR', 'RESIDENCE_KEYS', 'RESIDENCE_FILES_URL'].map((name): [string, Environment, string] => [
      `residence without ${name}`,
      { ...RESIDENCE, [name]: '' },
      `${name}: is required unless RESIDENCE is off`,
    ]),
    [
      'residence with attestation that is not verified',
      { ...RESIDENCE, TEE_ENABLE_ATTESTATION_VERIFICATION: 'false' },
      'RESIDENCE: needs verified attestation',
    ],
    [
      'the key of another registrar',
      { ...RESIDENCE, RESIDENCE_REGISTRAR: 'test' },
      'RESIDENCE_KEYS: has a key of another name',
    ],
    ...[
      `${VERIFIER_KEY},${VERIFIER_KEY}`,
      `${VERIFIER_KEY},`,
      VERIFIER_KEY.replace('39a65c34', '39A65C34'),
      VERIFIER_KEY.replace('39a65c34', '39a65c35'),
      VERIFIER_KEY.slice(0, -1),
      'AAAA',
    ].map((text): [string, Environment, string] => [
      `${text} as the registrar's keys`,
      { ...RESIDENCE, RESIDENCE_KEYS: text },
      'RESIDENCE_KEYS: must be one or two different verifier keys',
    ]),
    ...[
      'ftp://registrar.test/',
      'https://u:p@registrar.test/',
      'https://registrar.test/?x=1',
      'https://r.test/a;b/',
    ].map((url): [string, Environment, string] => [
      `the registrar's files at ${url}`,
      { ...RESIDENCE, RESIDENCE_FILES_URL: url },
      'RESIDENCE_FILES_URL: must be an https:// URL',
    ]),
    [
      "the registrar's files over plain HTTP from another machine",
      { ...RESIDENCE, RESIDENCE_FILES_URL: 'http://r.test/' },
      'RESIDENCE_FILES_URL: must be https://',
    ],
    [
      'a relative path of the reference string',
      { ...RESIDENCE, RESIDENCE_REFERENCE_STRING_FILE: 'string.dat' },
      'RESIDENCE_REFERENCE_STRING_FILE: must be an absolute path',
    ],
    ['every address as a trusted proxy', { TRUSTED_PROXIES: '0.0.0.0/0' }, 'TRUSTED_PROXIES: '],
  ])('refuses %s', (_, over, expected) => {
    const lines = problems({ ...GOOD, ...over });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(expected);
  });

  it.each<[string, Environment, string]>([
    [
      'verification switched off',
      { TEE_ENABLE_ATTESTATION_VERIFICATION: 'false' },
      'TEE_ENABLE_ATTESTATION_VERIFICATION',
    ],
    [
      'a mock',
      { TEE_PROVIDER: 'mock', TEE_EXPECTED_CODE_HASH: `sha384:${PCR0}`, ATTESTATION_DEVELOPMENT_ROOT_FILE: '/x' },
      'TEE_PROVIDER',
    ],
    ['a development root', { ATTESTATION_DEVELOPMENT_ROOT_FILE: '/x' }, 'ATTESTATION_DEVELOPMENT_ROOT_FILE'],
    ['no Redis', { REDIS_URL: '' }, 'REDIS_URL'],
    ['keys over plain HTTP', { AUTH_JWKS_URL: 'http://id.test/jwks' }, 'AUTH_JWKS_URL'],
    [
      'one of several enclaves on another machine',
      { TEE_ENDPOINT: '', ENCLAVE_URLS: 'vsock:16:5000,tcp:10.0.0.7:5000' },
      'ENCLAVE_URLS',
    ],
    ['an emulated enclave', { TEE_ENDPOINT: 'hybrid:/run/vm:5000' }, 'TEE_ENDPOINT'],
    [
      'one emulated enclave of several',
      { TEE_ENDPOINT: '', ENCLAVE_URLS: 'vsock:16:5000,hybrid:/run/vm:5000' },
      'ENCLAVE_URLS',
    ],
    ...['PAGE_OIDC_AUTHORIZATION_ENDPOINT', 'PAGE_OIDC_TOKEN_ENDPOINT'].map((name): [string, Environment, string] => [
      `a development issuer in ${name}`,
      { ...SIGN_IN, [name]: 'http://127.0.0.1:3002/x' },
      name,
    ]),
    ['error reports over plain HTTP', { SENTRY_DSN: 'http://0123@s.test/1' }, 'SENTRY_DSN'],
    ['an enclave on another machine', { TEE_ENDPOINT: 'tcp:10.0.0.7:5000' }, 'TEE_ENDPOINT'],
  ])('refuses %s in production', (_, over, name) => {
    expect(problems({ ...PRODUCTION, ...over }).map((line) => line.split(':')[0])).toContain(name);
  });

  it('reads the development root, and refuses a file without a PEM certificate', () => {
    const mock = { ...GOOD, TEE_PROVIDER: 'mock', ATTESTATION_DEVELOPMENT_ROOT_FILE: '/root.pem' };
    const pem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
    expect(config(mock, () => pem).attestation.trustAnchorPem).toBe(pem);
    expect(problems(mock, () => 'no pem')).toEqual([
      'ATTESTATION_DEVELOPMENT_ROOT_FILE: names a file that holds no PEM certificate',
    ]);
    expect(
      problems(mock, () => {
        throw new Error('gone');
      }),
    ).toEqual(['ATTESTATION_DEVELOPMENT_ROOT_FILE: names a file that cannot be read']);
  });

  it('accepts an endpoint in the form of a URL, and several measurements', () => {
    const { enclave, attestation } = config({
      ...GOOD,
      TEE_ENDPOINT: 'vsock://16:5000',
      TEE_EXPECTED_CODE_HASH: `sha384:${PCR0}, sha384:${'CD'.repeat(48)},sha384:${PCR0}`,
    });
    expect(
      config({ ...GOOD, ENCLAVE_URLS: 'vsock:16:5000, unix:/run/enclave, hybrid:/run/vm:5000' }).enclave.addresses,
    ).toEqual(['vsock:16:5000', 'unix:/run/enclave', 'hybrid:/run/vm:5000']);
    expect(enclave.addresses).toEqual(['vsock:16:5000']);
    expect(attestation.acceptedMeasurements).toEqual([
      { pcr0: PCR0, pcr3: PCR3 },
      { pcr0: 'cd'.repeat(48), pcr3: PCR3 },
    ]);
  });

  it('sets up sign-in on the page only if its variables are set', () => {
    expect(config(PRODUCTION).page).toEqual({});
    expect(config({ ...PRODUCTION, ...SIGN_IN }).page).toEqual({
      signIn: {
        issuer: 'https://id.test/',
        clientId: 'page',
        authorizationEndpoint: 'https://login.id.test/authorize?tenant=1',
        tokenEndpoint: 'https://id.test/oauth/token',
        scope: 'openid',
        audience: null,
      },
    });
    const { signIn } = config({
      ...GOOD,
      ...SIGN_IN,
      AUTH_AUDIENCE: 'https://api.test/',
      PAGE_OIDC_TOKEN_ENDPOINT: 'http://127.0.0.1:3002/tökens',
      PAGE_OIDC_SCOPE: 'openid profile',
      PAGE_OIDC_AUDIENCE_PARAMETER: 'resource',
    }).page;
    expect(signIn).toMatchObject({
      tokenEndpoint: 'http://127.0.0.1:3002/t%C3%B6kens',
      scope: 'openid profile',
      audience: { parameter: 'resource', value: 'https://api.test/' },
    });
  });

  it('accepts operators by PCR3, by the ARN of their role, or with the word any', () => {
    const accepted = (operator: string) =>
      config({ ...GOOD, TEE_EXPECTED_OPERATOR: operator }).attestation.acceptedMeasurements;
    // The example of the AWS Nitro Enclaves User Guide
    const webserver =
      '78fce75db17cd4e0a3fb8dad3ad128ca5e77edbb2b2c7f75329dccd99aa5f6ef4fc1f1a452e315b9e98f9e312e6921e6';
    expect(accepted(`arn:aws:iam::123456789012:role/Webserver, sha384:${PCR3.toUpperCase()}`)).toEqual([
      { pcr0: PCR0, pcr3: webserver },
      { pcr0: PCR0, pcr3: PCR3 },
    ]);
    expect(accepted(' any ')).toEqual([{ pcr0: PCR0, operator: 'any' }]);
  });

  it('has proofs of residence off by default, and reads the registrar if they are on', () => {
    expect(config(PRODUCTION).residence).toEqual({ mode: 'off' });
    expect(config({ ...PRODUCTION, ...RESIDENCE }).residence).toEqual({
      mode: 'required',
      registrar: 'test-registrar',
      keys: [VERIFIER_KEY],
      files: 'https://registrar.test/tree/',
    });
    const local = { ...RESIDENCE, RESIDENCE: 'optional', RESIDENCE_FILES_URL: 'http://127.0.0.1:8080/' };
    expect(config({ ...GOOD, ...local }).residence).toMatchObject({
      mode: 'optional',
      files: 'http://127.0.0.1:8080/',
    });
    expect(problems({ ...PRODUCTION, ...local })).toEqual([
      expect.stringMatching(/^RESIDENCE_FILES_URL: must be https/),
    ]);
  });

  it('gives a notice for a variable without effect, for a missing Redis, and if it accepts every operator', () => {
    const { notices } = config({
      ...PRODUCTION,
      ...Object.fromEntries(ENCLAVE_SECRETS.map((name) => [name, 'k'])),
      METRICS_ENDPOINT: 'https://m.test',
      SENTRY_DSN: 'https://0123@s.test/1',
      AWS_REGION: 'us-east-1',
    });
    expect(notices.map(({ variable }) => variable)).toEqual([...ENCLAVE_SECRETS]);
    expect(config(GOOD).notices.map(({ variable }) => variable)).toEqual(['REDIS_URL']);
    const off = config({ ...PRODUCTION, ...RESIDENCE, RESIDENCE: 'off' });
    expect(off.notices.map(({ variable }) => variable)).toEqual([
      'RESIDENCE_REGISTRAR',
      'RESIDENCE_KEYS',
      'RESIDENCE_FILES_URL',
    ]);
    const any = config({ ...PRODUCTION, TEE_EXPECTED_OPERATOR: 'any' });
    expect(any.notices.map(({ variable }) => variable)).toEqual(['TEE_EXPECTED_OPERATOR']);
  });

  it('sends error reports only to the address that is set', () => {
    expect(config(GOOD)).not.toHaveProperty('errorReports');
    expect(config({ ...PRODUCTION, SENTRY_DSN: 'https://0123abcd@o1.ingest.s.test/42' }).errorReports).toEqual({
      endpoint: 'https://o1.ingest.s.test/api/42/envelope/',
      publicKey: '0123abcd',
    });
    expect(config({ ...PRODUCTION, SENTRY_DSN: 'http://0123@127.0.0.1:9000/sentry/7' }).errorReports).toEqual({
      endpoint: 'http://127.0.0.1:9000/sentry/api/7/envelope/',
      publicKey: '0123',
    });
    expect(problems({ ...GOOD, SENTRY_DSN: 'http://0123@sentry.test/7' })).toEqual([]); // in development
    expect(problems({ ...PRODUCTION, SENTRY_DSN: 'http://0123@127.0.0.1.s.test/7' })).toHaveLength(1);
  });

  it('publishes metrics only if a variable asks for them, and drains before a shutdown in production', () => {
    expect(config(GOOD)).toMatchObject({ metrics: {}, shutdown: { drainMs: 0, timeoutMs: 25_000 } });
    expect(config(GOOD).metrics).toEqual({});
    expect(
      config({ ...PRODUCTION, METRICS_PORT: '9464', METRICS_ENDPOINT: 'https://m.test/v1/metrics' }),
    ).toMatchObject({
      metrics: {
        listen: { host: '127.0.0.1', port: 9464 },
        push: { endpoint: 'https://m.test/v1/metrics', intervalMs: 30_000 },
      },
      shutdown: { drainMs: 5000 },
    });
  });

  it('has exactly the variables that .env.example documents', () => {
    const text = readFileSync(join(workspaceRoot(), '.env.example'), 'utf8');
    const documented = [...text.matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map((match) => match[1] ?? '');
    expect(documented.sort()).toEqual(Object.keys(VARIABLES).sort());
  });

  it('accepts .env.example unchanged, and also with its commented variables set', () => {
    const text = readFileSync(join(workspaceRoot(), '.env.example'), 'utf8');
    const root = () => '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
    expect(problems(parseEnv(text), root)).toEqual([]);
    const shown = Object.fromEntries(
      Object.entries(parseEnv(text.replace(/^#(?=[A-Z][A-Z0-9_]+=)/gm, ''))).filter(
        ([name]) => name !== 'AUTH_JWKS_URL',
      ),
    );
    expect(problems(shown, root)).toEqual([]);
  });

  it('shows the default of each commented variable in .env.example', () => {
    const text = readFileSync(join(workspaceRoot(), '.env.example'), 'utf8');
    const shown = parseEnv([...text.matchAll(/^#([A-Z][A-Z0-9_]+=.*)$/gm)].map((match) => match[1]).join('\n'));
    const differing = Object.entries(VARIABLES).flatMap(([name, schema]) => {
      const [value, missing] = [shown[name], schema.safeParse(undefined)];
      const hasDefault = missing.success && missing.data !== undefined && !Array.isArray(missing.data);
      if (value === undefined || !hasDefault) return [];
      return isDeepStrictEqual(schema.parse(value), missing.data) ? [] : [name];
    });
    expect(differing).toEqual([]);
  });

  it('imports nothing from Nest, so that the deployment can check the environment', async () => {
    const { metafile } = await build({
      entryPoints: [join(__dirname, 'environment.ts')],
      tsconfig: join(workspaceRoot(), 'tsconfig.base.json'),
      bundle: true,
      packages: 'external',
      platform: 'node',
      write: false,
      metafile: true,
    });
    const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(imported).toContain('zod');
    expect(imported.filter((path) => path.startsWith('@nestjs/'))).toEqual([]);
  });
});
