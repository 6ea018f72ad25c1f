import { renderParentFiles } from './index';
import { ParentSettingsError } from './check-settings';
import { RESERVED_VARIABLES, type ParentSettings } from './settings';
import { EXAMPLES, MANAGED, ON_PARENT } from './testing/example-settings';

const problemsOf = (settings: ParentSettings): readonly string[] => {
  try {
    renderParentFiles(settings);
    return [];
  } catch (error) {
    if (!(error instanceof ParentSettingsError)) throw error;
    return error.problems;
  }
};

it.each(EXAMPLES)('accepts the example settings: %s', (_name, settings) => {
  expect(problemsOf(settings)).toEqual([]);
});

it('lists all problems at once', () => {
  const problems = problemsOf({
    ...ON_PARENT,
    region: 'Virginia',
    storeBucket: 'A',
    egress: [],
    enclave: { cpuCount: 0, memoryMiB: 3001 },
  });
  expect(problems.map((line) => line.split(':')[0])).toEqual([
    'region',
    'storeBucket',
    'enclave.cpuCount',
    'enclave.memoryMiB',
    'egress',
  ]);
});

it('refuses all-zero measurements, and an image that is not among the accepted ones', () => {
  expect(problemsOf({ ...ON_PARENT, acceptedPcr0: ['0'.repeat(96), ON_PARENT.image.pcr0] })).toEqual([
    'acceptedPcr0.0: is all zero: an enclave in debug mode',
  ]);
  expect(problemsOf({ ...ON_PARENT, acceptedPcr0: [] })).toEqual([
    'acceptedPcr0: does not contain image.pcr0: the gateway would refuse its own enclave',
  ]);
  expect(problemsOf({ ...ON_PARENT, operatorPcr3: '0'.repeat(96) })).toEqual([
    'operatorPcr3: is all zero: a parent without a role',
  ]);
});

it.each<[string, string, string]>([
  ['a value of more than one line', 'AUTH_AUDIENCE', 'a\nNODE_OPTIONS=--inspect'],
  ['a variable that the renderer sets', 'TRUSTED_PROXIES', '0.0.0.0'],
  ['the variable that switches attestation off', 'TEE_ENABLE_ATTESTATION_VERIFICATION', 'false'],
  ['a secret', 'DATABASE_URL', 'postgresql://user:secret@db/communique'],
  ['an API key of the enclave', 'OPENAI_API_KEY', 'sk-canary'],
])('refuses %s, without repeating the value', (_name, variable, value) => {
  const problems = problemsOf({
    ...ON_PARENT,
    gateway: { environment: { ...ON_PARENT.gateway.environment, [variable]: value } },
  });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(variable);
  expect(problems[0]).not.toContain(value);
});

it.each([
  ['OPENAI_API_KEY', 'npm run ops -- secrets put openai-api-key'],
  ['OPENAI_ORGANIZATION', 'services.agents.providers.openai.organization of its configuration'],
  ['GOOGLE_AI_API_KEY', 'npm run ops -- secrets put gemini-api-key'],
  ['GEMINI_API_KEY', 'npm run ops -- secrets put gemini-api-key'],
  ['ANTHROPIC_API_KEY', 'npm run ops -- secrets put anthropic-api-key'],
])('refuses %s and says where it belongs', (variable, place) => {
  const environment = { ...ON_PARENT.gateway.environment, [variable]: 'x' };
  expect(problemsOf({ ...ON_PARENT, gateway: { environment } })).toEqual([
    `gateway.environment.${variable}: is for the enclave and not for the gateway: ${place} (docs/operator/agents.md)`,
  ]);
});

it.each<[string, Partial<ParentSettings>]>([
  ['a shell command as a host', { egress: [{ host: 'cwc.house.gov; reboot', port: 443, vsockPort: 8001 }] }],
  [
    'a directive of nginx as a domain',
    {
      https: {
        by: 'certbot',
        domain: 'a.example; include /etc/passwd',
        email: 'a@example.org',
        keptInSecret: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:a-AbCdEf',
      },
    },
  ],
  ['a template as a name', { stack: '@domain@' }],
  ['the port of the log as an egress port', { egress: [{ host: 'cwc.house.gov', port: 443, vsockPort: 9001 }] }],
  [
    'one port for two destinations',
    {
      egress: [
        { host: 'a.gov', port: 443, vsockPort: 8001 },
        { host: 'b.gov', port: 443, vsockPort: 8001 },
      ],
    },
  ],
  [
    'a balancer at any address',
    { https: { by: 'balancer', networks: ['0.0.0.0/0'], clientAddress: 'x-forwarded-for' } },
  ],
  ['a database without its URL', { database: { at: 'external' } }],
])('refuses %s', (_name, change) => {
  expect(problemsOf({ ...MANAGED, ...change }).length).toBeGreaterThan(0);
});

describe('the environment of the gateway', () => {
  const withVariables = (more: Readonly<Record<string, string>>): readonly string[] =>
    problemsOf({
      ...ON_PARENT,
      gateway: { ...ON_PARENT.gateway, environment: { ...ON_PARENT.gateway.environment, ...more } },
    });

  it.each([
    'NODE_OPTIONS',
    'NODE_PATH',
    'NODE_EXTRA_CA_CERTS',
    'NODE_TLS_REJECT_UNAUTHORIZED',
    'NODE_USE_ENV_PROXY',
    'LD_PRELOAD',
    'LD_LIBRARY_PATH',
    'LD_AUDIT',
    'SSLKEYLOGFILE',
    'SSL_CERT_FILE',
    'OPENSSL_CONF',
    'GLIBC_TUNABLES',
    'BASH_ENV',
    'HTTPS_PROXY',
    'PATH',
  ])('refuses %s, which could change the code that runs or the certificates that it trusts', (name) => {
    expect(withVariables({ [name]: '/tmp/x' })).toEqual([
      `gateway.environment.${name}: is not a variable of the gateway but of Node, the loader, TLS or a shell: it could change which code runs, or which certificates are trusted`,
    ]);
  });

  it.each([
    ['SYSTEM_HOURLY_LIMT', 'SYSTEM_HOURLY_LIMIT'],
    ['RETENTION_MESSAGE_DAYS', 'RETENTION_MESSAGES_DAYS'],
    ['log_level', 'LOG_LEVEL'],
    ['DATABASE_POOLSIZE', 'DATABASE_POOL_SIZE'],
  ])('refuses the unknown variable %s and suggests %s', (misspelt, meant) => {
    expect(withVariables({ [misspelt]: '1' })).toEqual([
      `gateway.environment.${misspelt}: is not a variable that the gateway knows; did you mean ${meant}? (.env.example lists them)`,
    ]);
  });

  it.each(['AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'TZ', '__proto__', 'constructor', 'A B', ''])(
    'refuses %j, which the gateway does not read',
    (name) => {
      expect(withVariables(Object.fromEntries([[name, 'x']]))).toEqual([
        expect.stringMatching(/is not a variable that the gateway knows/),
      ]);
    },
  );

  it.each(RESERVED_VARIABLES)('refuses %s, which the deployment sets', (name) => {
    expect(withVariables({ [name]: 'x' })).toEqual([
      `gateway.environment.${name}: is set by the deployment itself: leave it out`,
    ]);
  });

  it('names the reference string only if the release has it and RESIDENCE is not off', () => {
    const residence = {
      RESIDENCE: 'optional',
      RESIDENCE_REGISTRAR: 'example-registrar',
      RESIDENCE_KEYS: 'example-registrar+e1a1d779+AUvq3isjNDC5cYuqzs8P4FHLIqILbXmlqfxa2HOI4vc8',
      RESIDENCE_FILES_URL: 'https://registrar.example.org/tree/',
    };
    const named = (referenceString: boolean | undefined, more: Readonly<Record<string, string>>) =>
      /^RESIDENCE_REFERENCE_STRING_FILE=.*$/m.exec(
        renderParentFiles({
          ...ON_PARENT,
          release: { ...ON_PARENT.release, ...(referenceString !== undefined && { referenceString }) },
          gateway: { environment: { ...ON_PARENT.gateway.environment, ...more } },
        })['/etc/communique/gateway.env']?.content ?? '',
      )?.[0];
    expect(named(true, residence)).toBe(
      'RESIDENCE_REFERENCE_STRING_FILE="/opt/communique/current/gateway/reference-string-b177b63297a5.dat"',
    );
    expect([named(true, {}), named(true, { ...residence, RESIDENCE: 'off' })]).toEqual([undefined, undefined]);
    expect([named(false, residence), named(undefined, residence)]).toEqual([undefined, undefined]);
  });

  it.each([
    ['a value that the gateway refuses', { LOG_LEVEL: 'loud' }, 1],
    ['two variables that contradict each other', { ENCLAVE_TIMEOUT_MS: '120000' }, 1],
    ['half of a surrogate pair', { AUTH_ADMIN_SCOPE: 'a\ud800' }, 1],
    ['a line separator of Unicode', { AUTH_ADMIN_SCOPE: 'a\u2028b' }, 1],
  ])('refuses %s', (_name, more, count) => {
    expect(withVariables(more)).toHaveLength(count);
  });

  it('sets nginx’s and systemd’s times to match the gateway’s variables', () => {
    const rendered = (more: Readonly<Record<string, string>>) =>
      renderParentFiles({ ...ON_PARENT, gateway: { environment: { ...ON_PARENT.gateway.environment, ...more } } });
    const nginx = '/etc/communique/nginx/gateway.conf';
    const unit = '/etc/systemd/system/communique-gateway.service';
    // A variable without a value has its default.
    for (const value of ['', ' 65000 ', '65000'])
      expect(rendered({ ENCLAVE_TIMEOUT_MS: value })[nginx]?.content).toContain('proxy_read_timeout 80s;');
    // With AGENTS on, a request may wait for a model.
    for (const [more, seconds] of [
      [{ AGENTS: 'on' }, 105],
      [{ AGENTS: 'on', AGENT_TIMEOUT_MS: '120000' }, 135],
      [{ AGENTS: 'on', AGENT_TIMEOUT_MS: '30000' }, 80],
      [{ AGENTS: 'off', AGENT_TIMEOUT_MS: '120000' }, 80],
    ] as const)
      expect(rendered(more)[nginx]?.content).toContain(`proxy_read_timeout ${String(seconds)}s;`);
    expect(rendered({ SHUTDOWN_TIMEOUT_MS: '' })[unit]?.content).toContain('TimeoutStopSec=35');
  });
});

it.each([
  ['upper case', 'Operations@Example.ORG', true],
  ['a plus and a dot', 'ops.team+alarms@example.org', true],
  ['punycode', 'ops@xn--bcher-kva.example', true],
  ['a hyphen at the start, which certbot reads as an option', '-rf@example.org', false],
  ['a line feed', 'ops@example.org\nX="1"', false],
  ['a dollar', '$HOME@example.org', false],
  ['two dots', 'ops@example..org', false],
  ['a host without a dot', 'ops@localhost', false],
])(
  'accepts an email address, or refuses it if it has a character or form that certbot or a shell misreads: %s',
  (_name, email, taken) => {
    const { https } = ON_PARENT;
    if (https.by !== 'certbot') throw new Error('the example has a certificate of certbot');
    expect(problemsOf({ ...ON_PARENT, https: { ...https, email } })).toEqual(
      taken ? [] : ['https.email: must be an email address'],
    );
  },
);
