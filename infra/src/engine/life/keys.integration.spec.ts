import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { MOCK_CERTIFICATE_ID } from '../../mock-aws';
import { copyCheckout } from '../testing/copy-checkout';
import { commandsBelow, filled } from '../testing/operator/documented-commands';
import { OperatorShell } from '../testing/operator/operator-shell';
import { DOCUMENTED_KEYS } from '../testing/documented-keys';
import { RUN_ON_ENGINE } from '../keys/run-on-engine';
import { describeWithPulumi } from '../testing/describe-with-pulumi';
import type { Step } from '../testing/engine-events';
import { RealEngine, type Ran } from '../testing/real-engine';

const PAGE = 'docs/operator/changing-keys.md';
const CACHE = 'aws:elasticache/replicationGroup:ReplicationGroup';
const EIP = 'aws:ec2/eip:Eip';
const GROUP = 'aws:autoscaling/group:Group';
const BALANCER = 'aws:lb/loadBalancer:LoadBalancer';
const BUCKET = 'aws:s3/bucket:Bucket';
const DATABASE = 'aws:rds/instance:Instance';
const SECRET = 'aws:secretsmanager/secret:Secret';
const REGISTRAR = 'example-registrar';
const REGISTRAR_KEYS = ['example-registrar+e1a1d779+AUvq3isjNDC5cYuqzs8P4FHLIqILbXmlqfxa2HOI4vc8'];
const RESIDENCE = { residence: 'optional', residenceRegistrar: REGISTRAR, residenceKeys: REGISTRAR_KEYS };
const AGENTS = { agents: 'on', enclaveSecrets: ['cwc-house', 'cwc-senate', 'openai-api-key'] };
const IMAGE_WITH_BOTH = {
  residence: { registrar: REGISTRAR, keys: REGISTRAR_KEYS },
  agents: { secrets: ['openai-api-key'] },
};

/** The replaced types in short form (`ec2.Vpc`). Bucket files are left out: their names contain their hash. */
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

const undefinedOf = (changes: object): Record<string, undefined> =>
  Object.fromEntries(Object.keys(changes).map((key) => [key, undefined]));

const withOp = ({ steps }: Ran, op: string, type: string): number =>
  steps.filter((step) => step.op === op && step.type === type).length;

describeWithPulumi('the stack prod, whose settings are changed and changed back', (cli) => {
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

  it('keeps the committed values in its file after `stack init` and `config set`, which add lines', () => {
    const { config } = load(readFileSync(join(workspaceRoot(), 'Pulumi.prod.yaml'), 'utf8')) as { config: object };
    expect(engine.configured('prod')).toMatchObject(config);
    expect(engine.configured('prod')['communique-tee:redisAuthToken']).toEqual({
      secure: expect.any(String) as string,
    });
    expect(readFileSync(engine.stackFile('prod'), 'utf8')).toMatch(/^encryptionsalt: v1:/m);
  });

  /** The values of these keys in the stack's file. */
  const before = (changes: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(Object.keys(changes).map((key) => [key, engine.configured('prod')[`communique-tee:${key}`]]));

  it('replaces exactly the types that changing-keys.md names if many keys change together', async () => {
    const changes = {
      instanceType: 'c7g.2xlarge',
      enclaveCpuCount: '4',
      enclaveMemoryMiB: '4096',
      amiId: 'ami-0123456789abcdef0',
      rootVolumeGiB: '40',
      hostedZone: 'example.org',
      authIssuer: 'https://other.example.org/',
      authAudience: 'other',
      authJwksUrl: 'https://other.example.org/keys.json',
      gatewayEnvironment: { LOG_LEVEL: 'warn' },
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

  it('gets a balancer, changes the balancer’s certificate and kind, and removes the balancer again', async () => {
    const listener = 'aws:lb/listener:Listener';
    const certificate = 'aws:acm/certificate:Certificate';
    engine.configure('prod', { balancer: 'application' });
    const made = await engine.up('prod');
    expect([withOp(made, 'create', BALANCER), withOp(made, 'create', certificate)]).toEqual([1, 1]);

    const certificateArn = `arn:aws:acm:us-east-1:123456789012:certificate/${MOCK_CERTIFICATE_ID}`;
    engine.configure('prod', { certificateArn, balancerLogDays: '10' });
    const adopted = await engine.up('prod');
    expect(engine.world.ofType(listener).map(({ inputs }) => inputs['certificateArn'])).toContain(certificateArn);
    expect([
      withOp(adopted, 'update', listener),
      withOp(adopted, 'delete', certificate),
      withOp(adopted, 'update', 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration'),
      replacedTypes(adopted.steps),
    ]).toEqual([1, 1, 1, documented('certificateArn', 'balancerLogDays')]);

    engine.configure('prod', { certificateArn: undefined, balancerLogDays: undefined });
    const own = await engine.up('prod');
    expect([withOp(own, 'update', listener), withOp(own, 'create', certificate), replacedTypes(own.steps)]).toEqual([
      1,
      1,
      [],
    ]);

    for (const changes of [
      { balancer: 'network', domain: 'other.communique.example.org' },
      { balancer: 'application', domain: 'communique.example.org' },
    ]) {
      engine.configure('prod', changes);
      const { steps } = await engine.up('prod');
      expect(replacedTypes(steps)).toEqual(expect.arrayContaining(documented('balancer', 'domain')));
      // changing-keys.md does not list the listener, which is part of the balancer.
      expect(replacedTypes(steps).filter((type) => !documented('balancer', 'domain').includes(type))).toEqual([
        'lb.Listener',
      ]);
    }

    engine.configure('prod', { balancer: undefined });
    const none = await engine.up('prod');
    expect(withOp(none, 'delete', BALANCER)).toBe(1);
    expect(engine.world.ofType(BALANCER)).toEqual([]);
  });

  it('deletes addresses, buckets, stores and its audit trail only after the documented commands have removed their protection', async () => {
    const KINDS = [CACHE, DATABASE, EIP, BUCKET, 'aws:cloudtrail/trail:Trail'];
    const things = () => KINDS.flatMap((kind) => engine.world.ofType(kind));
    const kindsOf = (list: readonly { readonly type: string }[]): string[] => list.map(({ type }) => type).sort();
    const small = things();
    engine.configure('prod', {
      natPerZone: 'true',
      ...RESIDENCE,
      residencePublishers: ['arn:aws:iam::123456789012:role/publisher'],
      ...AGENTS,
      ...engine.build({ stack: 'prod', ...IMAGE_WITH_BOTH }),
    });
    const grown = await engine.up('prod');
    expect(replacedTypes(grown.steps)).toEqual(documented('natPerZone', 'residence', 'agents'));
    const large = things();
    expect(large).toHaveLength(small.length + 2);

    const away = { database: 'external', redis: 'external', auditTrail: 'existing' };
    engine.configure('prod', {
      natPerZone: undefined,
      ...undefinedOf(RESIDENCE),
      residencePublishers: undefined,
      ...undefinedOf(AGENTS),
      ...engine.build({ stack: 'prod' }),
      ...away,
    });
    const refused = await engine.pulumi(['up', '--stack', 'prod', '--yes']);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain('cannot be deleted');
    expect(kindsOf(things())).toEqual(kindsOf(large));

    const [unprotect = '', ...more] = commandsBelow(PAGE, 'What is protected');
    expect(more).toEqual([]);
    const [takeOff = '', up = ''] = unprotect.split('\n');
    // AWS also protects the database and its logs.
    const [unlock = ''] = commandsBelow('docs/operator/destroying.md', '`prod` *(not tried)*');
    await shell.type(unlock);
    const taken = new Set<string>();
    // In each run, the engine names only the first protected resources.
    for (let output = refused.output; output !== '';) {
      const named = [...output.matchAll(/(urn:pulumi:prod::communique-tee::[^\s"\\]+)\\?" cannot be deleted/g)];
      const urns = new Set(named.map(([, urn = '']) => urn).filter((urn) => !taken.has(urn)));
      if (urns.size === 0) throw new Error(output);
      for (const URN of urns) {
        await shell.type(filled(takeOff, { URN }));
        taken.add(URN);
      }
      output = await shell.type(up).then(
        () => '',
        (error: unknown) => String(error),
      );
    }
    const left = new Set(things().map(({ id }) => id));
    expect(kindsOf(large.filter(({ id }) => !left.has(id)))).toEqual([...KINDS, BUCKET].sort());

    engine.configure('prod', { database: 'managed', redis: 'managed', auditTrail: 'create' });
    await engine.up('prod');
    expect(kindsOf(things())).toEqual(kindsOf(small));
    await engine.up('prod', '--expect-no-changes');
  });

  it('refuses addressOnly while the stack has data', async () => {
    const things = engine.world.all.length;
    engine.configure('prod', { addressOnly: 'true' });
    const refused = await engine.pulumi(['up', '--stack', 'prod', '--yes']);
    engine.configure('prod', { addressOnly: undefined });
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain('cannot be deleted');
    expect(engine.world.all).toHaveLength(things);
  });

  it('has changed exactly the configuration keys that keys/run-on-engine.ts lists', () => {
    expect(engine.changedKeys).toEqual(RUN_ON_ENGINE['keys of prod']);
  });
});

describeWithPulumi('the stack dev, whose settings are changed and changed back', (cli) => {
  it('grows from only an address to a whole stack, changes architecture and image, and shrinks to the address again', async () => {
    await using engine = await RealEngine.start(cli);
    // CodeBuild needs the enclave's configuration, which git ignores.
    const checkout = join(engine.folder, 'checkout');
    copyCheckout(checkout);
    writeFileSync(join(checkout, 'apps/enclave/config/dev.json'), '{}');
    engine.checkout(checkout);
    await engine.createStack('dev', { addressOnly: 'true' });
    await engine.up('dev');
    const addresses = engine.world.ofType(EIP).map(({ id }) => id);
    expect(addresses).toHaveLength(1);

    engine.configure('dev', { addressOnly: undefined });
    await engine.up('dev');
    expect(engine.world.ofType(EIP).map(({ id }) => id)).toEqual(addresses);

    const changes = {
      instanceType: 'c6i.xlarge',
      dataSnapshots: '14',
      ...AGENTS,
      ...RESIDENCE,
      residenceFilesUrl: 'https://registrar.example.org/tree/',
      imageBuild: 'true',
      imageBuildRepository: 'https://git.example.org/communique-tee',
      imageBuildCommit: 'c'.repeat(40),
      imageBuildDebianMirror: ['https://mirror.example.org/debian'],
    };
    const olds = { ...undefinedOf(changes), instanceType: 'c6g.large' };
    const secrets = engine.world.ofType(SECRET).length;
    for (const [values, image, projects, more] of [
      // `olds` lacks the volume's size, because a volume can only grow.
      [{ ...changes, dataVolumeGiB: '40' }, { architecture: 'x86_64', ...IMAGE_WITH_BOTH }, 1, 1],
      [olds, { architecture: 'arm64' }, 0, 0],
    ] as const) {
      engine.configure('dev', { ...values, ...engine.build({ stack: 'dev', ...image }) });
      const ran = await engine.up('dev');
      expect([replacedTypes(ran.steps), withOp(ran, 'update', GROUP)]).toEqual([
        documented(...Object.keys(changes)),
        1,
      ]);
      expect(engine.world.ofType('aws:codebuild/project:Project')).toHaveLength(projects);
      expect(engine.world.ofType(SECRET)).toHaveLength(secrets + more);
      expect(engine.world.ofType('aws:ebs/volume:Volume').map(({ inputs }) => inputs['size'])).toEqual([40]);
    }

    engine.configure('dev', { addressOnly: 'true' });
    await engine.up('dev');
    expect(engine.world.ofType(EIP).map(({ id }) => id)).toEqual(addresses);
    expect(engine.world.ofType(GROUP)).toEqual([]);
    await engine.up('dev', '--expect-no-changes');
    expect(engine.changedKeys).toEqual(RUN_ON_ENGINE['keys of dev']);
  });
});
