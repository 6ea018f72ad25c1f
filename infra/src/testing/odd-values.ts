import { hostNameOf } from '../../parent/src/testing/host-names';

/** A value at the edge of what its key accepts: just valid or just invalid. */
export interface OddValue {
  readonly key: string;
  readonly value: string;
  /** Values of other keys, set together with this one. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Matches what preview prints after the key. Absent if preview accepts the value; then nginx and the gateway start with it too. */
  readonly problem?: RegExp;
}

const accepted = (key: string, values: readonly string[], beside?: Readonly<Record<string, string>>): OddValue[] =>
  values.map((value) => ({ key, value, ...(beside && { beside }) }));
const refused = (
  key: string,
  rows: readonly (readonly [value: string, problem: RegExp])[],
  beside?: Readonly<Record<string, string>>,
): OddValue[] => rows.map(([value, problem]) => ({ key, value, problem, ...(beside && { beside }) }));

const HOST_NAME = /^a host name like communique\.example\.org, in lower case/;
const write = (right: string) => new RegExp(`: write ${right.replaceAll('.', '\\.')}$`);
/** A domain in the hosted zone example.org, with `length` characters. */
const inZone = (length: number) => {
  const rest = '.example.org';
  const label = Math.min(63, length - rest.length - 2);
  return `${'a'.repeat(length - rest.length - label - 1)}.${'b'.repeat(label)}${rest}`;
};
const BALANCER = { balancer: 'application', hostedZone: 'example.org' };

const DOMAINS: readonly OddValue[] = [
  ...accepted(
    'domain',
    [4, 46, 47, 64, 65, 250].map((length) => hostNameOf(length)),
  ),
  ...accepted('domain', [
    `${'a'.repeat(63)}.org`,
    'a.b.c.d.e.f.g.h.i.org',
    'xn--bcher-kva.example',
    'communique.xn--p1ai',
    'a--b.example.org',
    '1.2.3.4.example.org',
  ]),
  ...refused('domain', [
    [hostNameOf(251), /^must have at most 250 characters, since certbot names a file after it$/],
    [hostNameOf(253), /^must have at most 250 characters/],
    [`a.${hostNameOf(253)}`, /^255 characters; a host name has at most 253$/],
    [`${'a'.repeat(64)}.org`, HOST_NAME],
    ['a.b.c.d.e.f.g.h.i.j.org', /^11 labels; Let's Encrypt takes at most 10$/],
    ['bücher.example', write('xn--bcher-kva.example')],
    ['xn--bcher-kva-.example', HOST_NAME],
    ['xn--0.example', /Punycode/],
    ['ab--c.example.org', /Punycode/],
    ['communique.example.org.', write('communique.example.org')],
    ['Communique.Example.ORG', write('communique.example.org')],
    ['https://communique.example.org/', write('communique.example.org')],
    ['communique.example.org:443', write('communique.example.org')],
    ['communique.example.org/api', write('communique.example.org')],
    [' communique.example.org', write('communique.example.org')],
    ['*.example.org', HOST_NAME],
    ['203.0.113.7', HOST_NAME],
    ['[2001:db8::1]', HOST_NAME],
    ['localhost', HOST_NAME],
    ['my_service.example.org', HOST_NAME],
    ['-a.example.org', HOST_NAME],
    ['a..example.org', HOST_NAME],
    ['', HOST_NAME],
    ['a'.repeat(1_000_000), HOST_NAME],
  ]),
  ...accepted('domain', [inZone(47), inZone(64)], BALANCER),
  ...refused('domain', [[inZone(65), /^65 characters; ACM's certificate for a balancer takes at most 64$/]], BALANCER),
];

const ORIGIN = /^entry 1: an origin like https:\/\/app\.example\.org/;
const ORIGINS: readonly OddValue[] = [
  ...accepted('corsOrigins', [
    'https://app.example.org',
    'https://app.example.org:8443',
    'https://app.example.org, https://other.example.org',
    '["https://app.example.org","https://app.example.org"]',
    'https://203.0.113.7',
    'https://[2001:db8::1]:8443',
    'https://xn--bcher-kva.example',
    'https://localhost',
  ]),
  ...refused('corsOrigins', [
    ['https://app.example.org/', write('https://app.example.org')],
    ['https://app.example.org/page', write('https://app.example.org')],
    ['https://app.example.org?x=1', write('https://app.example.org')],
    ['https://app.example.org:443', write('https://app.example.org')],
    ['https://App.Example.org', write('https://app.example.org')],
    ['https://bücher.example', write('https://xn--bcher-kva.example')],
    ['https://user:word@app.example.org', write('https://app.example.org')],
    ['*', ORIGIN],
    ['https://*.example.org', ORIGIN],
    ['null', ORIGIN],
    ['http://app.example.org', ORIGIN],
    ['app.example.org', ORIGIN],
    ['https://', ORIGIN],
    ['https://a.example https://b.example', ORIGIN],
    ['https://a.example,https://b.example/', /^entry 2: an origin/],
  ]),
];

const NETWORK = /^a \/16 of 10\.0\.0\.0\/8 like 10\.40\.0\.0\/16/;
const NETWORKS: readonly OddValue[] = [
  ...accepted('vpcCidr', ['10.0.0.0/16', '10.255.0.0/16', '10.9.0.0/16'], BALANCER),
  ...refused(
    'vpcCidr',
    [
      ...['10.999.0.0/16', '10.256.0.0/16', '10.040.0.0/16', '10.40.1.0/16', '10.40.0.1/16', '10.40.0.0/15'],
      ...['10.40.0.0/17', '10.40.0.0/28', '10.40.0.0/29', '10.0.0.0/8', '172.16.0.0/16', '192.168.0.0/16'],
      ...['8.8.0.0/16', '0.0.0.0/0', '2001:db8::/56', '10.40.0.0', '10.40/16', ' 10.40.0.0/16', ''],
    ].map((value) => [value, NETWORK]),
  ),
];

const variables = (given: Readonly<Record<string, unknown>>) => JSON.stringify(given);
const RUNTIME = /is not a variable of the gateway but of Node/;
const VARIABLES: readonly OddValue[] = [
  ...accepted('gatewayEnvironment', [
    variables({ PAGE_VERIFIER_URL: 'https://releases.example.org/communique-tee/' }),
    '{}',
    variables({ LOG_LEVEL: 'warn', AUTH_TOKEN_TYPE: 'any' }),
    variables({ AGENT_TIMEOUT_MS: '300000', DELIVERY_PRICE_PER_OFFICE: '0.005' }),
    variables({ ENCLAVE_TIMEOUT_MS: '' }),
    variables({ ENCLAVE_TIMEOUT_MS: ' 90000 ' }),
    variables({ ENCLAVE_TIMEOUT_MS: '600000', DELIVERY_LEASE_MS: '3600000' }),
    variables({ AUTH_ADMIN_SCOPE: "a$HOME`id`%n'#;!" }),
    variables({ SENTRY_DSN: 'https://0123abcd@o1.ingest.example.org/42' }),
    variables({
      PAGE_OIDC_CLIENT_ID: 'a$HOME`id`%n#;!',
      PAGE_OIDC_AUTHORIZATION_ENDPOINT: 'https://id.example.org/authorize?tenant=1',
      PAGE_OIDC_TOKEN_ENDPOINT: 'https://id.example.org/oauth/token',
      PAGE_OIDC_SCOPE: 'openid profile',
      PAGE_OIDC_AUDIENCE_PARAMETER: 'audience',
    }),
  ]),
  ...refused('gatewayEnvironment', [
    [variables({ NODE_OPTIONS: '--inspect=0.0.0.0' }), /^NODE_OPTIONS is not a variable of the gateway but of Node/],
    ...[
      ...['NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_EXTRA_CA_CERTS', 'LD_PRELOAD', 'LD_LIBRARY_PATH'],
      ...['SSLKEYLOGFILE', 'SSL_CERT_FILE', 'OPENSSL_CONF'],
    ].map((name): [string, RegExp] => [variables({ [name]: '/tmp/x' }), RUNTIME]),
    [variables({ SYSTEM_HOURLY_LIMT: '1.00' }), /^SYSTEM_HOURLY_LIMT .*did you mean SYSTEM_HOURLY_LIMIT\?/],
    [variables({ log_level: 'warn' }), /^log_level .*did you mean LOG_LEVEL\?/],
    [variables({ AWS_ENDPOINT_URL: 'https://x.example' }), /^AWS_ENDPOINT_URL is not a variable/],
    [variables({ TEE_ENDPOINT: 'tcp:127.0.0.1:5000' }), /^TEE_ENDPOINT is set by the deployment itself/],
    [variables({ ENCLAVE_URLS: 'vsock:17:5000' }), /^ENCLAVE_URLS is set by the deployment itself/],
    [variables({ NODE_ENV: 'development' }), /^NODE_ENV is set by the deployment itself/],
    [variables({ AUTH_ISSUER: 'https://evil.example/' }), /^AUTH_ISSUER belongs to the key authIssuer: set that one$/],
    [variables({ CORS_ORIGINS: '*' }), /^CORS_ORIGINS belongs to the key corsOrigins/],
    [variables({ AUTH_JWKS_FILE: '/tmp/keys' }), /^AUTH_JWKS_FILE belongs to the key authJwksUrl/],
    [variables({ DATABASE_URL: 'postgresql://u:p@h/d' }), /^DATABASE_URL is a secret/],
    [
      variables({ OPENAI_ORGANIZATION: 'org' }),
      /^OPENAI_ORGANIZATION is for the enclave .*providers\.openai\.organization/,
    ],
    [variables({ GEMINI_API_KEY: 'x' }), /^GEMINI_API_KEY is for the enclave .*secrets put gemini-api-key/],
    [variables({ AGENTS: 'on' }), /^AGENTS belongs to the key agents: set that one$/],
    [variables({ AGENT_TIMEOUT_MS: '90' }), /^AGENT_TIMEOUT_MS must be/],
    [variables({ DELIVERY_PRICE_PER_OFFICE: '-1' }), /^DELIVERY_PRICE_PER_OFFICE must be/],
    [
      variables({ PAGE_OIDC_CLIENT_ID: 'page', PAGE_OIDC_TOKEN_ENDPOINT: 'https://id.example.org/oauth/token' }),
      /^PAGE_OIDC_AUTHORIZATION_ENDPOINT is required for sign-in on the page/,
    ],
    [
      variables({
        PAGE_OIDC_CLIENT_ID: 'page',
        PAGE_OIDC_AUTHORIZATION_ENDPOINT: 'https://id.example.org/authorize',
        PAGE_OIDC_TOKEN_ENDPOINT: 'http://127.0.0.1:3002/token',
      }),
      /^PAGE_OIDC_TOKEN_ENDPOINT must be https:\/\//,
    ],
    [variables({ LOG_LEVEL: 'loud' }), /^LOG_LEVEL must be one of fatal/],
    [variables({ ENCLAVE_TIMEOUT_MS: '120000' }), /^DELIVERY_LEASE_MS must be more than ENCLAVE_TIMEOUT_MS/],
    [
      variables({ DEFAULT_USER_DAILY_LIMIT: '0.01', DELIVERY_PRICE_PER_OFFICE: '0.01' }),
      /^DEFAULT_USER_DAILY_LIMIT is less than one message can cost/,
    ],
    [variables({ SHUTDOWN_DRAIN_MS: '25000' }), /^SHUTDOWN_TIMEOUT_MS must be more than SHUTDOWN_DRAIN_MS/],
    [
      variables({ PAGE_VERIFIER_URL: 'https://Dev.communique.example.org/communique-tee/' }),
      /^PAGE_VERIFIER_URL names the gateway itself/,
    ],
    [variables({ PAGE_VERIFIER_URL: 'http://releases.example.org/' }), /^PAGE_VERIFIER_URL must be a URL that begins/],
    [variables({ SENTRY_DSN: 'http://0123@s.example/1' }), /^SENTRY_DSN must be https/],
    [variables({ AUTH_ADMIN_SCOPE: 'a\nNODE_OPTIONS=--inspect' }), /^AUTH_ADMIN_SCOPE must be one line/],
    [variables({ AUTH_ADMIN_SCOPE: 'a\u0000' }), /^AUTH_ADMIN_SCOPE must be one line/],
    [variables({ LOG_LEVEL: 3 }), /^LOG_LEVEL must be a text: put it in quotes$/],
    ...['', 'LOG_LEVEL=warn', '[]', 'null', '"x"', '{"A":'].map((text): [string, RegExp] => [
      text,
      /^a JSON object of variables like/,
    ]),
  ]),
];

const EMAIL = /^an email address like operator@example\.org$/;
const EMAILS: readonly OddValue[] = ['alarmEmail'].flatMap((key) => [
  ...accepted(key, ['Operator@Example.ORG', 'ops.team+alarms@example.org', `${'a'.repeat(64)}@example.org`]),
  ...refused(
    key,
    ['operator', '@example.org', 'a@b', 'a@example..org', '-rf@example.org', '$HOME@example.org', '"a b"@example.org']
      .concat(['ops@bücher.example', 'a@example.org,b@example.org', 'Ops <a@example.org>', `${'a'.repeat(65)}@x.org`])
      .map((value) => [value, EMAIL]),
  ),
]);

const URLS: readonly OddValue[] = [
  ...accepted('authIssuer', [
    'https://id.example.org',
    'https://id.example.org:8443/realms/%41?x=%n&y=#z;',
    `https://id.example.org/${'a'.repeat(489)}`,
  ]),
  ...refused('authIssuer', [
    [`https://id.example.org/${'a'.repeat(490)}`, /^at most 512 characters$/],
    ['http://id.example.org/', /^an https:\/\/ URL/],
    ['https:id.example.org', /^an https:\/\/ URL/],
    ['HTTPS://id.example.org/', /^an https:\/\/ URL/],
    ['https://id.example.org/\u0000', /^an https:\/\/ URL/],
    ['https://bücher.example/', /^an https:\/\/ URL/],
    ['https://user:word@id.example.org/', /without a user name or password$/],
    ['https://id.example.org:99999/', /^an https:\/\/ URL/],
  ]),
];

const OTHERS: readonly OddValue[] = [
  ...refused('externalPorts', [
    ['0', /^entry 1: at least 1$/],
    ['5432,99999', /^entry 2: at most 65535$/],
    ['-1', /^entry 1: a whole number$/],
  ]),
  ...refused('vpcCdir', [['10.40.0.0/16', /^there is no such key; did you mean vpcCidr\?$/]]),
  ...refused('authIsuer', [['https://id.example.org/', /^there is no such key; did you mean authIssuer\?$/]]),
  ...refused('production', [['yes', /^true or false$/]]),
  ...refused('enclaveMemoryMiB', [
    ['3001', /huge pages of 2 MiB; take 3002$/],
    ['3e3', /^a whole number$/],
  ]),
  ...accepted('enclaveSecrets', ['["cwc-house","cwc-house"]', '[]', 'openai-api-key,gemini-api-key,anthropic-api-key']),
  ...refused('enclaveSecrets', [['cwc-house,openai', /^entry 2: one of .*openai-api-key/]]),
  ...refused('agents', [['true', /^one of off, on$/]]),
  ...accepted('operatorName', ['Example Union', '選挙区', 'D\'Arcy "& Sons" $5 100% \\o/']),
  ...refused('operatorName', [['two\nlines', /^1 to 100 characters/]]),
];

export const ODD_VALUES: readonly OddValue[] = [
  ...DOMAINS,
  ...ORIGINS,
  ...NETWORKS,
  ...VARIABLES,
  ...EMAILS,
  ...URLS,
  ...OTHERS,
];
