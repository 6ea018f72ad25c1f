import { RUN_ON_ENGINE } from '../keys/run-on-engine';
import { describeWithPulumi } from '../testing/describe-with-pulumi';
import { pcr } from '../testing/built-files';
import { changesOf } from '../testing/engine-events';
import { RealEngine, type Ran } from '../testing/real-engine';

const lines = ({ output }: Ran): string[] => output.split('\n').map((line) => line.trim());

describeWithPulumi('dev, under Pulumi’s own engine', (cli) => {
  let engine: RealEngine;
  let created = 0;
  beforeAll(async () => {
    engine = await RealEngine.start(cli);
    await engine.createStack('dev');
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  const things = (): number => engine.world.all.length;

  it('can be previewed before anything exists, and the policy pack checks the preview', async () => {
    const ran = await engine.succeed(['preview', '--stack', 'dev', '--policy-pack', engine.policyPack]);
    expect(ran.steps.filter(({ op }) => op === 'create').length).toBeGreaterThan(60);
    expect(ran.output).toContain('communique-tee');
    expect(ran.output).not.toMatch(/mandatory|Undefined value/);
    expect(things()).toBe(0);
  });

  it('is created with all outputs', async () => {
    const { steps } = await engine.up('dev');
    created = steps.length;
    expect(changesOf(steps)).toHaveLength(created);
    const { output } = await engine.succeed(['stack', 'output', '--stack', 'dev', '--json']);
    expect(JSON.parse(output)).toMatchObject({
      url: 'https://dev.communique.example.org',
      addressForTheHouse: expect.stringMatching(/^192\.0\.2\./) as unknown,
      measurements: { pcr0: pcr('1') },
    });
  });

  it('is unchanged by a second `pulumi up`, even if AWS lists its zones in another order', async () => {
    engine.provider.zones = ['g', 'f', 'b', 'a'];
    const { steps } = await engine.up('dev', '--expect-no-changes');
    expect(changesOf(steps)).toEqual([]);
    expect(steps).toHaveLength(created);
  });

  it('is unchanged by a refresh', async () => {
    await engine.succeed(['refresh', '--stack', 'dev', '--yes', '--skip-preview', '--expect-no-changes']);
  });

  it('creates nothing if a configured zone lacks the instance type, and names the zones that have it', async () => {
    engine.provider.zones = ['d', 'b', 'c'];
    const ran = await engine.pulumi(['up', '--stack', 'dev', '--yes', '--skip-preview']);
    engine.provider.zones = ['a', 'b'];
    expect(ran.exitCode).not.toBe(0);
    expect(ran.output).toContain(
      'availabilityZones us-east-1a: AWS does not offer c6g.large there, but in us-east-1b, us-east-1c, us-east-1d',
    );
    expect(changesOf(ran.steps)).toEqual([]);
  });

  it('changes nothing if keyAdministrators does not name the person who runs it', async () => {
    const ours = engine.configured('dev')['communique-tee:keyAdministrators'];
    engine.configure('dev', { keyAdministrators: ['arn:aws:iam::123456789012:role/other'] });
    const ran = await engine.pulumi(['up', '--stack', 'dev', '--yes', '--skip-preview']);
    engine.configure('dev', { keyAdministrators: ours });
    expect(ran.exitCode).not.toBe(0);
    expect(ran.output).toContain(
      'keyAdministrators: does not name arn:aws:iam::123456789012:role/deployer, who runs this',
    );
    expect(changesOf(ran.steps)).toEqual([]);
  });

  it('lists all problems, one line each, without a stack trace, and changes nothing', async () => {
    const before = engine.configured('dev');
    engine.configure('dev', {
      vpcCidr: '10.999.0.0/16',
      corsOrigins: ['https://app.example.org/'],
      gatewayEnvironment: { NODE_OPTIONS: '--inspect', SYSTEM_HOURLY_LIMT: '1\n2' },
      releaseFile: engine.folder,
      domian: 'x.example.org',
    });
    const ran = await engine.pulumi(['up', '--stack', 'dev', '--yes', '--skip-preview']);
    engine.configure('dev', {
      vpcCidr: undefined,
      corsOrigins: undefined,
      gatewayEnvironment: undefined,
      domian: undefined,
      ...ours(before),
    });
    expect(ran.exitCode).not.toBe(0);
    const named = lines(ran).flatMap((line) => /^- (\w+): /.exec(line)?.[1] ?? []);
    expect([...new Set(named)].sort()).toEqual([
      'corsOrigins',
      'domian',
      'gatewayEnvironment',
      'releaseFile',
      'vpcCidr',
    ]);
    expect(ran.output).not.toMatch(/^ +at |unhandled/im);
    expect(changesOf(ran.steps)).toEqual([]);
  });

  it('changes launch template and group for another image, and still accepts the previous image', async () => {
    engine.build({ stack: 'dev', pcr0: pcr('5') });
    engine.configure('dev', { acceptedPcr0: [pcr('1')] });
    const { steps } = await engine.up('dev');
    const changed = changesOf(steps).map((line) => line.replace(/^(\S+ \S+).*/, '$1'));
    expect(changed).toEqual(
      expect.arrayContaining([
        'update communique-tee-dev-enclave-key',
        'update communique-tee-dev-operator-key',
        'update communique-tee-dev-parent',
      ]),
    );
    const group = steps.find(({ type }) => type === 'aws:autoscaling/group:Group');
    expect(group).toMatchObject({ op: 'update', changed: ['launchTemplate'] });
    expect(changed.filter((line) => line.startsWith('replace '))).toEqual([
      expect.stringMatching(/^replace communique-tee-dev-parent-files/) as string,
    ]);
  });

  it('deletes what the configuration no longer has', async () => {
    engine.configure('dev', { enclaveSecrets: ['cwc-house'] });
    const { steps } = await engine.up('dev');
    expect(changesOf(steps).filter((line) => line.startsWith('delete '))).toEqual([
      'delete communique-tee-dev-secret-enclave-cwc-senate',
    ]);
  });

  it('has changed exactly the configuration keys that keys/run-on-engine.ts lists', () => {
    expect(engine.changedKeys).toEqual(RUN_ON_ENGINE.dev);
  });

  it('is destroyed, and leaves nothing in the account', async () => {
    await engine.destroy('dev');
    expect(engine.world.all).toEqual([]);
  });

  it('is created again at once', async () => {
    engine.configure('dev', { enclaveSecrets: undefined });
    const { steps } = await engine.up('dev');
    expect(changesOf(steps)).toHaveLength(created);
  });
});

/** The project's own keys in a stack's file, without their namespace. */
const ours = (config: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith('communique-tee:'))
      .map(([key, value]) => [key.slice('communique-tee:'.length), value]),
  );
