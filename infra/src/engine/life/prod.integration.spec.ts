import { join } from 'node:path';
import { commandsBelow } from '../testing/operator/documented-commands';
import { OperatorShell } from '../testing/operator/operator-shell';
import { describeWithPulumi } from '../testing/describe-with-pulumi';
import { changesOf } from '../testing/engine-events';
import { PASSPHRASE, RealEngine, REDIS_TOKEN } from '../testing/real-engine';
import { filesWithSecrets } from '../testing/search-secrets';

describeWithPulumi('prod, under Pulumi’s own engine', (cli) => {
  let engine: RealEngine;
  beforeAll(async () => {
    engine = await RealEngine.start(cli);
    await engine.createStack('prod');
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  it('is created whole, every resource held against the policy pack', async () => {
    const { steps, output } = await engine.up('prod', '--policy-pack', engine.policyPack);
    expect(changesOf(steps)).toHaveLength(steps.length);
    expect(output).not.toMatch(/mandatory|Undefined value/);
  });

  it('is unchanged by a second up and by a refresh', async () => {
    await engine.up('prod', '--expect-no-changes');
    await engine.succeed(['refresh', '--stack', 'prod', '--yes', '--skip-preview', '--expect-no-changes']);
  });

  it('leaves no secret in the state, an export, the home, the stack’s file or a cache', async () => {
    await engine.succeed(['stack', 'export', '--stack', 'prod', '--file', join(engine.folder, 'export.json')]);
    expect(filesWithSecrets(engine.folder, [REDIS_TOKEN, PASSPHRASE])).toEqual([]);
  });

  it('is not destroyed: Pulumi names what is protected, and deletes nothing', async () => {
    const before = engine.world.all.length;
    const ran = await engine.pulumi(['destroy', '--stack', 'prod', '--yes']);
    expect(ran.exitCode).not.toBe(0);
    // The engine stops at the first round of deletions that it may not make.
    for (const what of ['database', 'redis', 'enclave-key', 'operator-key', 'images', 'audit', 'address'])
      expect(ran.output).toMatch(
        new RegExp(`communique-tee-prod-${what}\\\\?" cannot be deleted\\s+because it is protected`),
      );
    expect(engine.world.all).toHaveLength(before);
  });

  it('keeps its database and its records behind AWS’s own protection when Pulumi’s is taken away', async () => {
    await engine.succeed(['state', 'unprotect', '--stack', 'prod', '--all', '--yes']);
    const ran = await engine.pulumi(['destroy', '--stack', 'prod', '--yes', '--skip-preview']);
    expect(ran.exitCode).not.toBe(0);
    expect(ran.output).toMatch(/deletion protection is on/);
    expect(engine.world.ofType('aws:rds/instance:Instance')).toHaveLength(1);
    expect(engine.world.ofType('aws:cloudwatch/logGroup:LogGroup').length).toBeGreaterThan(0);
  });

  it('is destroyed by the commands of docs/operator/destroying.md, and leaves its last snapshots alone', async () => {
    await using shell = await OperatorShell.open(engine);
    const [unlock = '', destroy = '', forget = '', ...more] = commandsBelow(
      'docs/operator/destroying.md',
      '`prod` *(not tried)*',
    );
    expect(more).toEqual([]);
    await shell.type(unlock);
    // In the console, as the page says.
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
