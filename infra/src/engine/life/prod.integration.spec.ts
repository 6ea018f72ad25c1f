import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pcr, writeBuiltFiles } from '../testing/built-files';
import { copyCheckout } from '../testing/copy-checkout';
import { commandsBelow } from '../testing/operator/documented-commands';
import { OperatorShell } from '../testing/operator/operator-shell';
import { RUN_ON_ENGINE } from '../keys/run-on-engine';
import { describeWithPulumi } from '../testing/describe-with-pulumi';
import { changesOf } from '../testing/engine-events';
import { PASSPHRASE, RealEngine, REDIS_TOKEN } from '../testing/real-engine';
import { filesWithSecrets } from '../testing/search-secrets';

const ROLLBACK = 'docs/operator/rollback.md';

describeWithPulumi('prod, under Pulumi’s own engine', (cli) => {
  let engine: RealEngine;
  let shell: OperatorShell;
  beforeAll(async () => {
    engine = await RealEngine.start(cli);
    shell = await OperatorShell.open(engine);
    await engine.createStack('prod');
  });
  afterAll(async () => {
    await shell[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  it('is created completely, and the policy pack checks every resource', async () => {
    const { steps, output } = await engine.up('prod', '--policy-pack', engine.policyPack);
    expect(changesOf(steps)).toHaveLength(steps.length);
    expect(output).not.toMatch(/mandatory|Undefined value/);
  });

  it('is unchanged by a second up and by a refresh', async () => {
    await engine.up('prod', '--expect-no-changes');
    await engine.succeed(['refresh', '--stack', 'prod', '--yes', '--skip-preview', '--expect-no-changes']);
  });

  it('leaves no secret in the state, an export, Pulumi’s home folder, the stack’s file or a cache', async () => {
    await engine.succeed(['stack', 'export', '--stack', 'prod', '--file', join(engine.folder, 'export.json')]);
    expect(filesWithSecrets(engine.folder, [REDIS_TOKEN, PASSPHRASE])).toEqual([]);
  });

  it('rolls back to the previous image, and then to the previous release, by the commands of docs/operator/rollback.md', async () => {
    // The page's relative folders are in the checkout.
    const checkout = join(engine.folder, 'elsewhere');
    copyCheckout(checkout);
    engine.checkout(checkout);
    symlinkSync(join(checkout, 'dist'), join(engine.project, 'dist'));
    for (const [name, pcr0] of [
      ['prod-arm64-before', pcr('1')],
      ['prod-arm64', pcr('5')],
    ] as const) {
      const folder = join(checkout, 'dist/image', name);
      mkdirSync(folder, { recursive: true });
      writeBuiltFiles(folder, { stack: 'prod', pcr0 });
    }
    mkdirSync(join(checkout, 'dist/release'));
    const release = (content: string): void => {
      writeFileSync(join(checkout, 'dist/release/communique-tee-arm64.tar.gz'), gzipSync(content));
    };
    release('a release');
    const releases = (): unknown[] =>
      engine.world
        .ofType('aws:ec2/launchTemplate:LaunchTemplate')
        .map(({ inputs }) => (inputs['tags'] as Record<string, unknown>)['communique-tee:release']);
    const before = releases();
    expect(before).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    engine.configure('prod', { imageFolder: undefined, releaseFile: undefined, acceptedPcr0: [pcr('1')] });
    release('another release');
    await engine.up('prod');

    const [image = '', ...others] = commandsBelow(ROLLBACK, 'The image of the enclave');
    expect(others).toEqual([]);
    const lines = image.split('\n');
    // The last command needs the running service, so it is not run.
    expect(lines.pop()).toMatch(/^node \S+ verify /);
    await shell.type(lines.join('\n'));
    expect(engine.configured('prod')).toMatchObject({
      'communique-tee:imageFolder': 'dist/image/prod-arm64-before',
      'communique-tee:acceptedPcr0': [pcr('5')],
    });
    const { output } = await engine.succeed(['stack', 'output', 'measurements', '--stack', 'prod', '--json']);
    expect(JSON.parse(output)).toMatchObject({ pcr0: pcr('1') });
    const accepting = engine.world
      .ofType('aws:kms/key:Key')
      .map(({ inputs }) => [pcr('1'), pcr('5')].map((pcr0) => String(inputs['policy']).includes(pcr0)))
      .filter((each) => each.includes(true));
    expect(accepting).toEqual([
      [true, true],
      [true, true],
    ]);
    expect(releases()).not.toEqual(before);

    const [build = '', who = '', ...more] = commandsBelow(ROLLBACK, "The gateway and the parent's files");
    expect(more).toEqual([]);
    const [, , up, ...rest] = build.split('\n');
    expect([up, rest]).toEqual(['pulumi up --stack prod', []]);
    // `npm run ops -- release` would build this release from the previous commit.
    release('a release');
    const { operations } = await shell.type(up ?? '');
    expect(changesOf(operations.at(-1)?.steps ?? [])).toEqual([
      'create-replacement communique-tee-prod-parent-files contentBase64,key',
      'create-replacement communique-tee-prod-release key,source',
      'delete-replaced communique-tee-prod-parent-files',
      'delete-replaced communique-tee-prod-release',
      'replace communique-tee-prod-parent-files contentBase64,key',
      'replace communique-tee-prod-release key,source',
      'update communique-tee-prod-parent launchTemplate',
      'update communique-tee-prod-parent tagSpecifications,tags,userData',
      'update communique-tee-prod-parent-permissions policy',
    ]);
    expect(releases()).toEqual(before);

    expect(engine.changedKeys).toEqual(RUN_ON_ENGINE.prod);

    const [address] = engine.world.ofType('aws:ec2/eip:Eip');
    expect((await shell.type(who)).output).toBe(`${String(address?.outputs['publicIp'])}\tNone\n`);
  });

  it('cannot be destroyed: Pulumi names protected resources, and deletes nothing', async () => {
    const before = engine.world.all.length;
    const ran = await engine.pulumi(['destroy', '--stack', 'prod', '--yes']);
    expect(ran.exitCode).not.toBe(0);
    // The engine stops at the first deletions that it may not make, so it does not name every protected resource.
    for (const what of ['database', 'redis', 'enclave-key', 'operator-key', 'images', 'audit', 'address'])
      expect(ran.output).toMatch(
        new RegExp(`communique-tee-prod-${what}\\\\?" cannot be deleted\\s+because it is protected`),
      );
    expect(engine.world.all).toHaveLength(before);
  });

  it('keeps its database and log groups by AWS’s own protection if Pulumi’s protection is removed', async () => {
    await engine.succeed(['state', 'unprotect', '--stack', 'prod', '--all', '--yes']);
    const ran = await engine.pulumi(['destroy', '--stack', 'prod', '--yes', '--skip-preview']);
    expect(ran.exitCode).not.toBe(0);
    expect(ran.output).toMatch(/deletion protection is on/);
    expect(engine.world.ofType('aws:rds/instance:Instance')).toHaveLength(1);
    expect(engine.world.ofType('aws:cloudwatch/logGroup:LogGroup').length).toBeGreaterThan(0);
  });

  it('is destroyed by the commands of docs/operator/destroying.md, and leaves only its last snapshots', async () => {
    const [unlock = '', destroy = '', forget = '', ...more] = commandsBelow(
      'docs/operator/destroying.md',
      '`prod` *(not tried)*',
    );
    expect(more).toEqual([]);
    await shell.type(unlock);
    // The page says to do this in the console.
    for (const { type, id } of engine.world.ofType('aws:s3/bucketObjectv2:BucketObjectv2'))
      engine.world.remove(type, id);
    await shell.type(destroy);
    const left = (): string[] => [...new Set(engine.world.all.map(({ type }) => type))].sort();
    const snapshots = ['aws:elasticache/snapshot:Snapshot', 'aws:rds/snapshot:Snapshot'];
    expect(left()).toEqual([...snapshots, 'aws:secretsmanager/secret:Secret']);
    await shell.type(forget);
    expect(left()).toEqual(snapshots);
  });
});
