import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { stackConfig } from '../preview/stack-config';
import { SmallEngine, type Update } from './small-engine';
import type { Operation } from './stack-state';

const root = workspaceRoot();
const folder = mkdtempSync(join(tmpdir(), 'communique-engine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SECRET = 'a-password-for-the-tests-alone';
const pcr = (digit: string): string => digit.repeat(96);

function config(stack: string, ...changes: string[]): { config: Record<string, string>; secretKeys: string[] } {
  writeFileSync(join(folder, 'communique-tee.eif'), 'eif!');
  writeFileSync(join(folder, 'release.tar.gz'), gzipSync('a release'));
  writeFileSync(
    join(folder, 'measurements.json'),
    JSON.stringify({
      image: 'communique-tee.eif',
      version: '0.1.0',
      architecture: 'arm64',
      stack,
      sizeBytes: 4,
      sha384: pcr('a'),
      hashAlgorithm: 'SHA384',
      pcr0: pcr('1'),
      pcr1: pcr('2'),
      pcr2: pcr('3'),
      commit: 'abc',
      custody: 'kms',
      routes: [{ host: 'uat-cwc.house.gov', port: 443, vsockPort: 8001 }],
    }),
  );
  const { values } = stackConfig(root, stack, [
    `imageFolder=${folder}`,
    `releaseFile=${join(folder, 'release.tar.gz')}`,
    ...changes,
  ]);
  return {
    config: { ...values, 'communique-tee:redisAuthToken': SECRET },
    secretKeys: ['communique-tee:redisAuthToken'],
  };
}

const of = (operations: readonly Operation[], op: Operation['op']): Operation[] =>
  operations.filter((operation) => operation.op === op);
const done = (update: Update): Update => {
  if (update.exitCode !== 0) throw new Error(`the program ended with ${String(update.exitCode)}: ${update.said}`);
  return update;
};

/** Components that no starting parent needs: people look at them, or they are in front of parents that run. */
const NOT_AT_BOOT = [
  ...['Alarms', 'AlarmTopic', 'AuditTrail', 'Dashboard', 'FlowLogs', 'KeyWatch', 'LogMetrics', 'StackBudget'],
  ...['Balancer', 'BalancerLogs', 'Dns', 'ImageBuild', 'Parents', 'Registry', 'Scaling'],
];
/** What a starting parent needs, or may need, and its group does not wait for. */
const comesTooLate = (engine: SmallEngine): string[] => {
  const { urns } = engine.state;
  const needed = engine.state.needsOf(urns.find((urn) => urn.includes('$aws:autoscaling/group:Group::')) ?? '');
  return urns.filter((urn) => {
    const [, component, type] = /^urn:.*?::communique-tee:index:([A-Za-z]+)\$(.*)::/.exec(urn) ?? [];
    return (
      component !== undefined && !NOT_AT_BOOT.includes(component) && type?.includes('aws:') === true && !needed.has(urn)
    );
  });
};

describe('dev, by the Node language host', () => {
  const engine = new SmallEngine(root, 'dev', 'us-east-1');
  let created = 0;

  it('can be previewed before anything exists, with every id unknown', async () => {
    const { operations } = done(await engine.update({ ...config('dev'), dryRun: true }));
    expect(of(operations, 'create').length).toBeGreaterThan(60);
    expect(engine.state.urns).toEqual([]);
  });

  it('is created whole, with its outputs', async () => {
    const { operations, outputs } = done(await engine.update(config('dev')));
    created = operations.length;
    expect(of(operations, 'create')).toHaveLength(created);
    expect(outputs).toMatchObject({
      url: 'https://dev.communique.example.org',
      addressForTheHouse: expect.stringMatching(/^192\.0\.2\./) as unknown,
      measurements: { pcr0: pcr('1') },
    });
  });

  it('makes all that a starting parent needs before the parents', () => {
    expect(comesTooLate(engine)).toEqual([]);
  });

  it('stays as it is when nothing changed', async () => {
    const { operations } = done(await engine.update(config('dev')));
    expect(of(operations, 'same')).toHaveLength(created);
  });

  it('stays as it is when AWS names its zones in another order, or new ones', async () => {
    engine.zones = ['g', 'f', 'b', 'a'];
    const { operations } = done(await engine.update(config('dev')));
    expect(of(operations, 'same')).toHaveLength(created);
  });

  it('creates nothing in a zone without that instance type, and names those that have it', async () => {
    engine.zones = ['d', 'b', 'c'];
    const { exitCode, said, operations } = await engine.update(config('dev'));
    expect(exitCode).not.toBe(0);
    expect(said).toContain(
      'availabilityZones us-east-1a: no c6g.large there; it is in us-east-1b, us-east-1c, us-east-1d',
    );
    expect(operations.filter(({ type }) => type.startsWith('aws:'))).toEqual([]);
    engine.zones = ['a', 'b'];
  });

  it('creates nothing for one whom the keys would lock out', async () => {
    const other = 'arn:aws:iam::123456789012:role/other';
    const { exitCode, said, operations } = await engine.update(config('dev', `keyAdministrators=${other}`));
    expect(exitCode).not.toBe(0);
    expect(said).toContain('keyAdministrators: does not name arn:aws:iam::123456789012:role/deployer, who runs this');
    expect(operations.filter(({ type }) => type.startsWith('aws:'))).toEqual([]);
  });

  it('changes what one more accepted image touches, and nothing else', async () => {
    const { operations } = done(await engine.update(config('dev', `acceptedPcr0=${pcr('4')}`)));
    const touched = operations
      .filter(({ op }) => op !== 'same')
      .map(({ op, name, changed }) => `${op} ${name} ${changed.join()}`);
    expect(touched.sort()).toEqual(
      [
        'replace communique-tee-dev-parent-files key,contentBase64',
        'update communique-tee-dev-enclave-key policy',
        'update communique-tee-dev-operator-key policy',
        'update communique-tee-dev-parent userData',
        'update communique-tee-dev-parent-permissions policy',
      ]
        .sort()
        .map((line) =>
          line.includes('parent-files') ? expect.stringMatching(/^replace communique-tee-dev-parent-files /) : line,
        ) as string[],
    );
  });

  it('ends what is no longer asked for', async () => {
    const { operations } = done(await engine.update(config('dev', 'enclaveSecrets=cwc-house')));
    expect(of(operations, 'delete').map(({ name }) => name)).toEqual(['communique-tee-dev-secret-enclave-cwc-senate']);
  });

  it('creates nothing where the configuration cannot work', async () => {
    const before = engine.state.urns.length;
    const { exitCode, said, operations } = await engine.update(config('dev', 'instanceType=t4g.small'));
    expect(exitCode).not.toBe(0);
    expect(said).toMatch(/t4g\.small cannot carry an enclave/);
    expect(said).not.toMatch(/^ +at /m);
    expect(operations.filter(({ type }) => type.startsWith('aws:'))).toEqual([]);
    expect(engine.state.urns).toHaveLength(before);
  });

  it('lists everything that is wrong, one line each, as preview does, and without a stack', async () => {
    const wrong = config(
      'dev',
      'vpcCidr=10.999.0.0/16',
      'corsOrigins=https://app.example.org/',
      `gatewayEnvironment={"NODE_OPTIONS":"--inspect","SYSTEM_HOURLY_LIMT":"1\\n2"}`,
      'acmeEmail=a@example.org\nX',
      `releaseFile=${folder}`,
      'domian=x.example.org',
    );
    const { exitCode, said, operations } = await engine.update(wrong);
    expect([exitCode === 0, operations.filter(({ type }) => type.startsWith('aws:'))]).toEqual([false, []]);
    const lines = said.split('\n').filter((line) => line.startsWith('  - '));
    expect(lines.map((line) => /^ {2}- (\w+): /.exec(line)?.[1]).sort()).toEqual([
      'acmeEmail',
      'corsOrigins',
      'domian',
      'gatewayEnvironment',
      'gatewayEnvironment',
      'releaseFile',
      'vpcCidr',
    ]);
    expect(said).not.toMatch(/^ +at |Error:|unhandled/im);
  });

  it('is destroyed whole, dependents first, and nothing that keeps a name stays', () => {
    expect(engine.destroy().length).toBeGreaterThan(60);
    expect([engine.state.urns, engine.state.leftBehind]).toEqual([[], []]);
  });

  it('is made again at once', async () => {
    expect(of(done(await engine.update(config('dev'))).operations, 'create')).toHaveLength(created);
  });
});

it.each([
  ['several parents, each zone with its way out', ['instances=2', 'balancer=network', 'natPerZone=true']],
  ['stores kept elsewhere', ['database=external', 'redis=external']],
])('prod makes all that a starting parent needs before the parents: %s', async (_what, changes) => {
  const engine = new SmallEngine(root, 'prod', 'us-east-1');
  done(await engine.update(config('prod', ...changes)));
  expect(engine.state.urns.filter((urn) => urn.includes('aws:ec2/route:Route')).length).toBeGreaterThan(0);
  expect(comesTooLate(engine)).toEqual([]);
});

it('staging is destroyed, with its database’s logs, and made again at once', async () => {
  const engine = new SmallEngine(root, 'staging', 'us-east-1');
  const first = done(await engine.update(config('staging')));
  engine.destroy();
  expect([engine.state.urns, engine.state.leftBehind]).toEqual([[], []]);
  const again = done(await engine.update(config('staging')));
  expect(of(again.operations, 'create')).toHaveLength(first.operations.length);
});

describe('prod, by the Node language host', () => {
  const engine = new SmallEngine(root, 'prod', 'us-east-1');

  it('is created, with no secret in its state', async () => {
    done(await engine.update(config('prod')));
    expect(JSON.stringify(engine.state)).not.toContain(SECRET);
    expect(JSON.stringify(engine.state)).toContain('[secret ');
  });

  it('is not destroyed: database, Redis, keys, buckets and address are protected', () => {
    const before = engine.state.urns.length;
    expect(() => engine.destroy()).toThrow(/protected, not deleted/);
    for (const type of [
      'aws:rds/instance:Instance',
      'aws:elasticache/replicationGroup:ReplicationGroup',
      'aws:kms/key:Key',
      'aws:s3/bucket:Bucket',
      'aws:ec2/eip:Eip',
    ])
      expect(() => engine.destroy()).toThrow(type);
    expect(engine.state.urns).toHaveLength(before);
  });

  it('keeps its logs behind Pulumi’s protection and AWS’s own', () => {
    expect(() => engine.destroy()).toThrow('aws:cloudwatch/logGroup:LogGroup communique-tee-prod-logs-gateway');
    engine.state.unprotectAll();
    expect(() => engine.destroy()).toThrow(/^AWS does not delete aws:.*: deletion protection$/);
    expect(engine.state.urns.filter((urn) => urn.includes('aws:cloudwatch/logGroup:LogGroup'))).toHaveLength(9);
  });
});
