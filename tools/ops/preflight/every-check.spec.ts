import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKS } from './checks';
import { testsIn } from './testing/tests-in';

interface Seen {
  /** A spec below tools/ops, and the title of its test in which the check passes. */
  readonly passes: readonly [spec: string, title: string];
  /** A spec, and the title of its test in which the check does not pass. */
  readonly refuses: readonly [spec: string, title: string];
  /** Set if the check only warns, because `pulumi up` works in spite of what it finds. */
  readonly worst?: 'warn';
}

const HERE = 'preflight/here/here.spec.ts';
const REAL = 'preflight/here/real-programs.long.integration.spec.ts';
const ACCOUNT = 'preflight/account/account.spec.ts';
const NAMES = 'preflight/names/names.spec.ts';
const STORES = 'preflight/stores/stores.integration.spec.ts';
const RESIDENCE = 'preflight/stores/check-residence.spec.ts';
const PROVIDERS = 'preflight/providers/providers.spec.ts';
const CONGRESS = 'preflight/congress/congress.spec.ts';
const SIMULATED = 'preflight/congress/simulated-congress.integration.spec.ts';
const MOTO = 'moto/preflight.integration.spec.ts';
const MOTO_NETWORK = 'moto/network.integration.spec.ts';

const both = (spec: string, title: string): Seen => ({ passes: [spec, title], refuses: [spec, title] });
const moto = (title: string): Seen => both(MOTO, `preflight against moto > ${title}`);
const provider: Seen = {
  passes: [
    PROVIDERS,
    '%s, with the simulator > asks each configured model once, and prints the retention that it requests and the price',
  ],
  refuses: [PROVIDERS, '%s, with the simulator > fails with a key that the provider does not accept'],
};
const chamber = both(
  SIMULATED,
  '%s passes for the simulator’s server, and fails if the configuration names another authority',
);

/** For each check, a test in which it passes and a test in which it does not. A new check needs a row and both tests. */
const SEEN: Readonly<Record<string, Seen>> = {
  node: {
    passes: [HERE, 'node: judges version %s'],
    refuses: [REAL, 'node: fails for an old Node, and passes after the hint’s command'],
  },
  pulumi: both(HERE, '%s: judges a program that ends with %j'),
  'aws-cli': {
    ...both(REAL, 'aws-cli > warns of the real version 1, and passes for version 2'),
    worst: 'warn',
  },
  git: { ...both(REAL, 'git: passes for a clean clone, and warns of a changed file'), worst: 'warn' },
  configuration: {
    passes: ['preflight/plan/plan.spec.ts', 'Pulumi.<stack>.yaml > passes if all values are right'],
    refuses: [
      'preflight/plan/plan.spec.ts',
      'Pulumi.<stack>.yaml > fails with a value of the example, and with an unencrypted secret',
    ],
  },
  image: {
    passes: [REAL, 'image and release, judged by the real preview > pass if both are built'],
    refuses: [
      REAL,
      'image and release, judged by the real preview > fail if one is not built, and name the command that builds it',
    ],
  },
  release: {
    passes: [REAL, 'image and release, judged by the real preview > pass if both are built'],
    refuses: [
      REAL,
      'image and release, judged by the real preview > fail if one is not built, and name the command that builds it',
    ],
  },
  'aws-credentials': moto('aws-credentials: passes for a key administrator, and fails for another caller'),
  'key-principals': {
    passes: [ACCOUNT, 'key-principals > passes for each role and user with exactly this ARN, and asks for each once'],
    refuses: [
      ACCOUNT,
      'key-principals > fails for each role or user that does not exist, and for a role with another path',
    ],
  },
  'vcpu-quota': moto('vcpu-quota: counts other instances by their type, since moto reports no CPU options'),
  'instance-type': moto('instance-type: passes in the stack’s zones, and fails in a zone without the type'),
  ami: moto('ami: passes for Amazon’s newest, and fails for an absent AMI and for another architecture'),
  'address-quota': moto(
    'address-quota: passes with a free address, and fails if others hold as many as the quota allows',
  ),
  network: both(
    MOTO_NETWORK,
    'the operator’s own resources, against moto > network: passes with routes and DNS, and fails without them',
  ),
  'bucket-names': {
    passes: [MOTO, 'preflight against moto > bucket-names: passes for a free name and for a bucket of ours'],
    refuses: [ACCOUNT, 'bucket-names: reports what the status %d means'],
  },
  'kms-keys': moto('kms-keys: passes for enabled keys, and fails for a disabled one and one that waits for deletion'),
  secrets: moto('secrets: passes for secrets with values, and fails for an empty one and one that waits for deletion'),
  parent: moto('parent: passes if the instance is in service, and fails if the group has none'),
  'cost-tag': both(ACCOUNT, 'cost-tag > judges a tag that is %s'),
  domain: moto('domain: passes if the name resolves to the stack’s address, and fails for another address'),
  zone: both(NAMES, 'zone > judges the name servers (row %#)'),
  caa: both(NAMES, 'caa > judges CAA records %s'),
  database: {
    passes: [STORES, 'database > passes if every migration is applied'],
    refuses: [STORES, 'database > fails if the database is read-only'],
  },
  redis: {
    passes: [STORES, 'redis > passes with noeviction'],
    refuses: [STORES, 'redis > fails for a replica'],
  },
  residence: {
    passes: [RESIDENCE, 'passes for a root that lasts more than a week'],
    refuses: [RESIDENCE, 'fails if the list of the root is missing or incomplete'],
  },
  agents: {
    passes: [PROVIDERS, 'agents > prints the version of the prices and the largest reservation'],
    refuses: [PROVIDERS, 'agents > fails for a model without a price'],
  },
  'provider-roots': {
    passes: [PROVIDERS, 'provider-roots > prints the configured root that signed each provider’s certificate'],
    refuses: [PROVIDERS, 'provider-roots > prints the public root if the configuration names another root or none'],
  },
  openai: provider,
  'google-ai': provider,
  anthropic: provider,
  'enclave-config': {
    passes: [SIMULATED, 'enclave-config passes for the simulator’s servers'],
    refuses: [CONGRESS, 'enclave-config > fails if the file is missing, and house is then skipped'],
  },
  house: chamber,
  senate: chamber,
};

const sourceOf = (spec: string): string => readFileSync(join(__dirname, '..', spec), 'utf8');
const sources = new Map<string, ReturnType<typeof testsIn>>();
function find([spec, title]: Seen['passes']): string | undefined {
  const tests = sources.get(spec) ?? testsIn(sourceOf(spec));
  sources.set(spec, tests);
  return tests.find((test) => test.title === title)?.source;
}
/** Whether a test's source expects a status, as in `'pass: ...'`, `/^pass.../` or `status: 'pass'`. */
const expects = (source: string | undefined, status: string): boolean =>
  source !== undefined && new RegExp(`(['"\`/]|\\/\\^|\\^)${status}\\b`).test(source);

it('the table has one row for each check and no other row', () => {
  expect(Object.keys(SEEN).sort()).toEqual(CHECKS.map(({ name }) => name).sort());
});

it.each(Object.entries(SEEN))(
  '%s has a test where it passes and a test where it does not',
  (_name, { passes, refuses, worst = 'fail' }) => {
    const seen = { passes: expects(find(passes), 'pass'), refuses: expects(find(refuses), worst) };
    expect({ ...seen, of: [passes, refuses] }).toEqual({ passes: true, refuses: true, of: [passes, refuses] });
  },
);

it.each(['git', 'aws-cli'])('%s never reports more than a warning', async (name) => {
  const check = CHECKS.find((each) => each.name === name);
  expect([SEEN[name]?.worst, check?.run.toString().includes('fail(')]).toEqual(['warn', false]);
  expect(Object.values(SEEN).filter(({ worst }) => worst === 'warn')).toHaveLength(2);
});

describe('a row of the table', () => {
  const spec = `describe('a', () => { it.each([[1, /^pass: x/]])('b %i', () => { expect(1).toBe(2); }); it('c', () => expect('skip: y')); });`;
  it('finds a test by its title and the titles of its describes, and reads its it.each table', () => {
    expect(testsIn(spec).map(({ title }) => title)).toEqual(['a > b %i', 'a > c']);
    expect(testsIn(spec).map(({ source }) => expects(source, 'pass'))).toEqual([true, false]);
  });
  it('finds nothing for a title that no test has', () => {
    expect(expects(find([NAMES, 'zone > another']), 'pass')).toBe(false);
  });
});
