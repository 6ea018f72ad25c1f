import { renderParentFiles } from './index';
import { ParentSettingsError } from './check-settings';
import type { ParentSettings } from './settings';
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

it.each(EXAMPLES)('takes the example: %s', (_name, settings) => {
  expect(problemsOf(settings)).toEqual([]);
});

it('says everything that is wrong at once', () => {
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

it('refuses measurements of a debug enclave, and an image that its gateway would not accept', () => {
  expect(problemsOf({ ...ON_PARENT, acceptedPcr0: ['0'.repeat(96), ON_PARENT.image.pcr0] })).toEqual([
    'acceptedPcr0.0: is all zero: an enclave in debug mode',
  ]);
  expect(problemsOf({ ...ON_PARENT, acceptedPcr0: [] })).toEqual([
    'acceptedPcr0: does not hold image.pcr0: the gateway would refuse its own enclave',
  ]);
  expect(problemsOf({ ...ON_PARENT, operatorPcr3: '0'.repeat(96) })).toEqual([
    'operatorPcr3: is all zero: a parent without a role',
  ]);
});

it.each<[string, string, string]>([
  ['a value of more than one line', 'AUTH_AUDIENCE', 'a\nNODE_OPTIONS=--inspect'],
  ['what the renderer sets', 'TRUSTED_PROXIES', '0.0.0.0'],
  ['the way past attestation', 'TEE_ENABLE_ATTESTATION_VERIFICATION', 'false'],
  ['a secret in the clear', 'DATABASE_URL', 'postgresql://user:secret@db/communique'],
  ['a key of the enclave', 'OPENAI_API_KEY', 'sk-secret'],
])('refuses %s, without repeating it', (_name, variable, value) => {
  const problems = problemsOf({
    ...ON_PARENT,
    gateway: { environment: { ...ON_PARENT.gateway.environment, [variable]: value } },
  });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(variable);
  expect(problems[0]).not.toContain(value);
});

it.each<[string, Partial<ParentSettings>]>([
  ['a shell command as a host', { egress: [{ host: 'cwc.house.gov; reboot', port: 443, vsockPort: 8001 }] }],
  [
    'a directive of nginx as a domain',
    { https: { by: 'certbot', domain: 'a.example; include /etc/passwd', email: 'a@example.org' } },
  ],
  ['a template as a name', { stack: '@domain@' }],
  ['the port of the log as a way out', { egress: [{ host: 'cwc.house.gov', port: 443, vsockPort: 9001 }] }],
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
    'a balancer that may be anybody',
    { https: { by: 'balancer', networks: ['0.0.0.0/0'], clientAddress: 'x-forwarded-for' } },
  ],
  ['a database without its URL', { database: { at: 'external' } }],
])('refuses %s', (_name, change) => {
  expect(problemsOf({ ...MANAGED, ...change }).length).toBeGreaterThan(0);
});
