import { join } from 'node:path';
import { copyCheckout } from '../testing/copy-checkout';
import { commandsBelow } from '../testing/operator/documented-commands';
import { OperatorShell } from '../testing/operator/operator-shell';
import { RUN_ON_ENGINE } from '../keys/run-on-engine';
import { describeWithPulumi } from '../testing/describe-with-pulumi';
import { changesOf } from '../testing/engine-events';
import { PASSPHRASE, RealEngine, REDIS_TOKEN } from '../testing/real-engine';
import { filesWithSecrets } from '../testing/search-secrets';

describeWithPulumi('staging, under Pulumi’s own engine', (cli) => {
  let engine: RealEngine;
  beforeAll(async () => {
    engine = await RealEngine.start(cli);
    await engine.createStack('staging');
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  let created = 0;

  it('is created completely, and the policy pack checks every resource', async () => {
    const { steps, output } = await engine.up('staging', '--policy-pack', engine.policyPack);
    created = steps.length;
    expect(changesOf(steps)).toHaveLength(created);
    expect(output).not.toMatch(/mandatory|Undefined value/);
  });

  it('is unchanged by up from another checkout', async () => {
    const elsewhere = join(engine.folder, 'elsewhere');
    copyCheckout(elsewhere);
    engine.checkout(elsewhere);
    const { steps } = await engine.up('staging', '--expect-no-changes');
    expect([changesOf(steps), steps.length]).toEqual([[], created]);
  });

  it('is unchanged by a refresh, and by the preview after it', async () => {
    await engine.succeed(['refresh', '--stack', 'staging', '--yes', '--skip-preview', '--expect-no-changes']);
    const { steps } = await engine.succeed(['preview', '--stack', 'staging', '--expect-no-changes']);
    expect(changesOf(steps)).toEqual([]);
  });

  it('gets back a resource that a person deleted in the console, by refresh and up', async () => {
    const alarm = engine.world.ofType('aws:cloudwatch/metricAlarm:MetricAlarm')[0];
    if (alarm === undefined) throw new Error('staging has no alarm');
    engine.world.remove(alarm.type, alarm.id);
    await engine.succeed(['refresh', '--stack', 'staging', '--yes', '--skip-preview']);
    const { steps } = await engine.up('staging');
    expect(changesOf(steps)).toEqual([expect.stringMatching(/^create /) as string]);
    expect(engine.world.find(alarm.type, alarm.id)).toBeDefined();
  });

  it('leaves no secret in the state, an export, Pulumi’s home folder, the stack’s file or a cache', async () => {
    await engine.succeed(['stack', 'export', '--stack', 'staging', '--file', join(engine.folder, 'export.json')]);
    expect(filesWithSecrets(engine.folder, [REDIS_TOKEN, PASSPHRASE])).toEqual([]);
  });

  it('changes to production and back, with larger storage and another password of Redis', async () => {
    const protectedBy = () =>
      engine.world.ofType('aws:rds/instance:Instance').map(({ inputs }) => inputs['deletionProtection']);
    const roles = ['arn:aws:iam::123456789012:role/deployer', 'arn:aws:iam::123456789012:role/second-deployer'];
    for (const [changes, password, isProtected] of [
      // The storage can only grow.
      [{ production: 'true', keyAdministrators: roles, databaseStorageGiB: '40' }, `Other${REDIS_TOKEN}`, true],
      [{ production: 'false', keyAdministrators: roles.slice(0, 1) }, REDIS_TOKEN, false],
    ] as const) {
      engine.configure('staging', changes);
      await engine.succeed(['config', 'set', '--stack', 'staging', '--secret', 'redisAuthToken', password]);
      const { steps } = await engine.up('staging');
      const replaced = steps.filter(({ op, type }) => op === 'replace' && !type.startsWith('aws:s3/bucketObject'));
      expect(replaced.map(({ type }) => type)).toEqual(['aws:secretsmanager/secretVersion:SecretVersion']);
      expect(protectedBy()).toEqual([isProtected]);
    }
    expect(engine.changedKeys).toEqual(RUN_ON_ENGINE.staging);
  });

  it('is destroyed by the commands of docs/operator/destroying.md, leaves nothing in the account, and is created again at once', async () => {
    await using shell = await OperatorShell.open(engine);
    const [destroy = '', deleteLogs = '', ...more] = commandsBelow(
      'docs/operator/destroying.md',
      '`dev` and `staging` *(not tried)*',
    );
    expect(more).toEqual([]);
    await shell.type(destroy);
    expect(engine.world.all).toEqual([]);
    // RDS writes its last lines, which makes a log group that would stop the next `pulumi up`.
    const name = '/aws/rds/instance/communique-tee-staging-database/postgresql';
    engine.world.put({ type: 'aws:cloudwatch/logGroup:LogGroup', id: name, inputs: { name }, outputs: {} });
    await shell.type(deleteLogs);
    const { steps } = await engine.up('staging');
    expect(changesOf(steps)).toHaveLength(created);
  });

  it('has its secrets in an export with --show-secrets, where the search for secrets finds them', async () => {
    const file = join(engine.folder, 'shown.json');
    await engine.succeed(['stack', 'export', '--stack', 'staging', '--show-secrets', '--file', file]);
    expect(filesWithSecrets(engine.folder, [REDIS_TOKEN])).toEqual([file]);
  });
});
