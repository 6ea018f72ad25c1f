import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { MOCK_CERTIFICATE_ID } from '../../mock-aws';
import { commandsBelow, filled } from '../testing/operator/documented-commands';
import { OperatorShell } from '../testing/operator/operator-shell';
import { DOCUMENTED_KEYS } from '../testing/documented-keys';
import { describeWithPulumi } from '../testing/describe-with-pulumi';
import type { Step } from '../testing/engine-events';
import { RealEngine, type Ran } from '../testing/real-engine';

const PAGE = 'docs/operator/changing-keys.md';
const CACHE = 'aws:elasticache/replicationGroup:ReplicationGroup';
const EIP = 'aws:ec2/eip:Eip';
const GROUP = 'aws:autoscaling/group:Group';

/** `ec2.Vpc`; a file under the name of its content is another file each time, and is left out. */
const replacedTypes = (steps: readonly Step[]): string[] =>
  [
    ...new Set(
      steps
        .filter(({ op, type }) => op === 'replace' && !type.startsWith('aws:s3/bucketObject'))
        .map(({ type }) => type.replace(/^aws:(\w+)\/\w+:(\w+)$/, '$1.$2')),
    ),
  ].sort();

const documented = (...keys: string[]): string[] =>
  [
    ...new Set(
      DOCUMENTED_KEYS.filter((row) => keys.some((key) => row.keys.includes(key))).flatMap(({ replaced }) => replaced),
    ),
  ].sort();

const withOp = ({ steps }: Ran, op: string, type: string): number =>
  steps.filter((step) => step.op === op && step.type === type).length;

describeWithPulumi('keys of prod, changed there and back', (cli) => {
  let engine: RealEngine;
  let shell: OperatorShell;
  beforeAll(async () => {
    engine = await RealEngine.start(cli);
    shell = await OperatorShell.open(engine);
    await engine.createStack('prod');
    await engine.up('prod');
  });
  afterAll(async () => {
    await shell[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  it('has its file as it was committed after `stack init` and `config set`, with what Pulumi adds', () => {
    const { config } = load(readFileSync(join(workspaceRoot(), 'Pulumi.prod.yaml'), 'utf8')) as { config: object };
    expect(engine.configured('prod')).toMatchObject(config);
    expect(engine.configured('prod')['communique-tee:redisAuthToken']).toEqual({
      secure: expect.any(String) as string,
    });
    expect(readFileSync(engine.stackFile('prod'), 'utf8')).toMatch(/^encryptionsalt: v1:/m);
  });

  /** As the file of the stack has them. */
  const before = (changes: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(Object.keys(changes).map((key) => [key, engine.configured('prod')[`communique-tee:${key}`]]));

  it('replaces what the document says, and nothing else, for keys that are changed together', async () => {
    const changes = {
      instanceType: 'c7g.2xlarge',
      rootVolumeGiB: '40',
      alarmEmail: 'other@example.org',
      monthlyBudgetUsd: '600',
      logRetentionDays: '400',
      databaseClass: 'db.t4g.medium',
      redisNodeType: 'cache.t4g.medium',
      corsOrigins: ['https://app.example.org'],
      operatorName: 'Another name',
      secretOperators: ['arn:aws:iam::123456789012:role/second-deployer'],
      keyAdministrators: ['arn:aws:iam::123456789012:role/deployer', 'arn:aws:iam::123456789012:role/third'],
    };
    const olds = before(changes);
    for (const values of [changes, olds]) {
      engine.configure('prod', values);
      const ran = await engine.up('prod');
      expect(replacedTypes(ran.steps)).toEqual(documented(...Object.keys(changes)));
      expect(withOp(ran, 'update', 'aws:kms/key:Key')).toBeGreaterThan(0);
      expect(withOp(ran, 'update', GROUP)).toBe(1);
    }
  });

  it('gets a balancer, the operator’s certificate for it, its own again, and none again', async () => {
    const listener = 'aws:lb/listener:Listener';
    const certificate = 'aws:acm/certificate:Certificate';
    engine.configure('prod', { balancer: 'application' });
    const made = await engine.up('prod');
    expect([withOp(made, 'create', 'aws:lb/loadBalancer:LoadBalancer'), withOp(made, 'create', certificate)]).toEqual([
      1, 1,
    ]);

    const certificateArn = `arn:aws:acm:us-east-1:123456789012:certificate/${MOCK_CERTIFICATE_ID}`;
    engine.configure('prod', { certificateArn });
    const adopted = await engine.up('prod');
    expect(engine.world.ofType(listener).map(({ inputs }) => inputs['certificateArn'])).toContain(certificateArn);
    expect([
      withOp(adopted, 'update', listener),
      withOp(adopted, 'delete', certificate),
      replacedTypes(adopted.steps),
    ]).toEqual([1, 1, documented('certificateArn')]);

    engine.configure('prod', { certificateArn: undefined });
    const own = await engine.up('prod');
    expect([withOp(own, 'update', listener), withOp(own, 'create', certificate), replacedTypes(own.steps)]).toEqual([
      1,
      1,
      [],
    ]);

    engine.configure('prod', { balancer: undefined });
    const none = await engine.up('prod');
    expect(withOp(none, 'delete', 'aws:lb/loadBalancer:LoadBalancer')).toBe(1);
    expect(engine.world.ofType('aws:lb/loadBalancer:LoadBalancer')).toEqual([]);
  });

  it('lets go of a protected Redis only as the document says, and makes it again at once', async () => {
    const [group] = engine.world.ofType(CACHE);
    engine.configure('prod', { redis: 'external' });
    const refused = await engine.pulumi(['up', '--stack', 'prod', '--yes']);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain('cannot be deleted');
    expect(engine.world.find(CACHE, group?.id ?? '')).toBeDefined();

    const [unprotect = '', ...more] = commandsBelow(PAGE, 'What is protected');
    expect(more).toEqual([]);
    const [, URN = ''] =
      /(urn:pulumi:prod::communique-tee::\S+?ReplicationGroup::communique-tee-prod-redis)/.exec(refused.output) ?? [];
    const { operations } = await shell.type(filled(unprotect, { URN }));
    expect(replacedTypes(operations.at(-1)?.steps ?? [])).toEqual([]);
    expect(engine.world.ofType(CACHE)).toEqual([]);

    engine.configure('prod', { redis: 'managed' });
    await engine.up('prod');
    expect(engine.world.ofType(CACHE)).toHaveLength(1);
    await engine.up('prod', '--expect-no-changes');
  });

  it('does not become an address alone while it holds data', async () => {
    const things = engine.world.all.length;
    engine.configure('prod', { addressOnly: 'true' });
    const refused = await engine.pulumi(['up', '--stack', 'prod', '--yes']);
    engine.configure('prod', { addressOnly: undefined });
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain('cannot be deleted');
    expect(engine.world.all).toHaveLength(things);
  });
});

describeWithPulumi('keys of dev, changed there and back', (cli) => {
  it('begins as an address, becomes a whole stack with it, takes another architecture, and is an address again', async () => {
    await using engine = await RealEngine.start(cli);
    await engine.createStack('dev', { addressOnly: 'true' });
    await engine.up('dev');
    const addresses = engine.world.ofType(EIP).map(({ id }) => id);
    expect(addresses).toHaveLength(1);

    engine.configure('dev', { addressOnly: undefined });
    await engine.up('dev');
    expect(engine.world.ofType(EIP).map(({ id }) => id)).toEqual(addresses);

    for (const [instanceType, architecture] of [
      ['c6i.xlarge', 'x86_64'],
      ['c6g.large', 'arm64'],
    ] as const) {
      engine.configure('dev', { instanceType, ...engine.build({ stack: 'dev', architecture }) });
      const ran = await engine.up('dev');
      expect([replacedTypes(ran.steps), withOp(ran, 'update', GROUP)]).toEqual([documented('instanceType'), 1]);
    }

    engine.configure('dev', { addressOnly: 'true' });
    await engine.up('dev');
    expect(engine.world.ofType(EIP).map(({ id }) => id)).toEqual(addresses);
    expect(engine.world.ofType(GROUP)).toEqual([]);
    await engine.up('dev', '--expect-no-changes');
  });
});
