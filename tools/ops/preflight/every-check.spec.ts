import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKS } from './checks';
import { testsIn } from './testing/tests-in';

interface Seen {
  /** A spec below tools/ops, and the title of a test in it in which the check passes. */
  readonly passes: readonly [spec: string, title: string];
  /** The same of a test in which it does not pass. */
  readonly refuses: readonly [spec: string, title: string];
  /** Set if the check's worst result is a warning: `pulumi up` works all the same. */
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
    '%s, as the simulator answers > asks each configured model once, and tells the retention that it sends (D19) and the price',
  ],
  refuses: [PROVIDERS, '%s, as the simulator answers > fails with a key that the provider does not take'],
};
const chamber = both(SIMULATED, '%s passes at the end that the simulator has for it, and only under its authority');

/** Where each check is seen to pass and not to pass. A new check needs a row, and both tests. */
const SEEN: Readonly<Record<string, Seen>> = {
  node: {
    passes: [HERE, 'node %s'],
    refuses: [REAL, 'node: after the hint’s command Pulumi finds a Node that is new enough'],
  },
  pulumi: both(HERE, '%s: %j'),
  'aws-cli': {
    ...both(REAL, 'aws-cli > is told to be version 1 by the real one, and passes as version 2'),
    worst: 'warn',
  },
  git: { ...both(REAL, 'git: a clean clone passes, and a changed file is told'), worst: 'warn' },
  configuration: {
    passes: ['preflight/plan/plan.spec.ts', 'Pulumi.<stack>.yaml > has passed if all is right'],
    refuses: [
      'preflight/plan/plan.spec.ts',
      'Pulumi.<stack>.yaml > is seen to hold examples, and secrets in the clear',
    ],
  },
  image: {
    passes: [REAL, 'image and release, judged by the real preview > pass if they are built'],
    refuses: [
      REAL,
      'image and release, judged by the real preview > fail if they are not, and name the command that builds them',
    ],
  },
  release: {
    passes: [REAL, 'image and release, judged by the real preview > pass if they are built'],
    refuses: [
      REAL,
      'image and release, judged by the real preview > fail if they are not, and name the command that builds them',
    ],
  },
  'aws-credentials': moto('aws-credentials'),
  'key-principals': {
    passes: [ACCOUNT, 'key-principals > asks for each role and user once, by exactly its ARN'],
    refuses: [ACCOUNT, 'key-principals > names each that does not exist, and one whose path is another'],
  },
  'vcpu-quota': moto('vcpu-quota: moto’s instances do not tell their CPU options, and count as their type'),
  'instance-type': moto('instance-type: zone us-east-1e has no c6g'),
  ami: moto('ami'),
  'address-quota': moto('address-quota'),
  network: both(MOTO_NETWORK, 'what the operator has, against moto > network: has routes, and DNS'),
  'bucket-names': {
    passes: [
      MOTO,
      'preflight against moto > bucket-names, whose bucket is named in the path: there is no bucket.localhost',
    ],
    refuses: [ACCOUNT, 'bucket-names: %d'],
  },
  'kms-keys': moto('kms-keys'),
  secrets: moto('secrets'),
  parent: moto('parent'),
  'cost-tag': both(ACCOUNT, 'cost-tag > is %s'),
  domain: moto('domain'),
  zone: both(NAMES, 'zone > %#'),
  caa: both(NAMES, 'caa > %s'),
  database: {
    passes: [STORES, 'database > passes with every migration'],
    refuses: [STORES, 'database > fails if nothing can be written'],
  },
  redis: {
    passes: [STORES, 'redis > passes with noeviction'],
    refuses: [STORES, 'redis > does not take a replica'],
  },
  residence: {
    passes: [RESIDENCE, 'passes for a root that lasts'],
    refuses: [RESIDENCE, 'fails if the list of the root is not there, or not whole'],
  },
  agents: {
    passes: [PROVIDERS, 'agents > tells the prices and the largest reservation'],
    refuses: [PROVIDERS, 'agents > fails for a model without a price'],
  },
  'provider-roots': {
    passes: [PROVIDERS, 'provider-roots > shows the configured root that signs each provider’s certificate'],
    refuses: [PROVIDERS, 'provider-roots > shows the public root where the configuration names another, or none'],
  },
  openai: provider,
  'google-ai': provider,
  anthropic: provider,
  'enclave-config': {
    passes: [SIMULATED, 'enclave-config passes for the simulator’s ends'],
    refuses: [CONGRESS, 'enclave-config > is asked for if it is not there'],
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
/** A status in what a test expects: `'pass: ...'`, `/^pass.../`, `status: 'pass'`. */
const expects = (source: string | undefined, status: string): boolean =>
  source !== undefined && new RegExp(`(['"\`/]|\\/\\^|\\^)${status}\\b`).test(source);

it('has a row for each check, and none for another', () => {
  expect(Object.keys(SEEN).sort()).toEqual(CHECKS.map(({ name }) => name).sort());
});

it.each(Object.entries(SEEN))('%s is seen to pass, and not to pass', (_name, { passes, refuses, worst = 'fail' }) => {
  const seen = { passes: expects(find(passes), 'pass'), refuses: expects(find(refuses), worst) };
  expect({ ...seen, of: [passes, refuses] }).toEqual({ passes: true, refuses: true, of: [passes, refuses] });
});

it.each(['git', 'aws-cli'])('%s has no worse word than a warning', async (name) => {
  const check = CHECKS.find((each) => each.name === name);
  expect([SEEN[name]?.worst, check?.run.toString().includes('fail(')]).toEqual(['warn', false]);
  expect(Object.values(SEEN).filter(({ worst }) => worst === 'warn')).toHaveLength(2);
});

describe('a row', () => {
  const spec = `describe('a', () => { it.each([[1, /^pass: x/]])('b %i', () => { expect(1).toBe(2); }); it('c', () => expect('skip: y')); });`;
  it('finds a test by the titles around it, with its table', () => {
    expect(testsIn(spec).map(({ title }) => title)).toEqual(['a > b %i', 'a > c']);
    expect(testsIn(spec).map(({ source }) => expects(source, 'pass'))).toEqual([true, false]);
  });
  it('does not hold for a title that no test has', () => {
    expect(expects(find([NAMES, 'zone > another']), 'pass')).toBe(false);
  });
});
