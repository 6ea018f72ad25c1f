import { join } from 'node:path';
import { copyCheckout } from '../testing/copy-checkout';
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

  it('is created whole, every resource held against the policy pack', async () => {
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

  it('is unchanged by a refresh, and has nothing to do in a preview afterwards', async () => {
    await engine.succeed(['refresh', '--stack', 'staging', '--yes', '--skip-preview', '--expect-no-changes']);
    const { steps } = await engine.succeed(['preview', '--stack', 'staging', '--expect-no-changes']);
    expect(changesOf(steps)).toEqual([]);
  });

  it('gets back by refresh and up what a person deleted in the console', async () => {
    const alarm = engine.world.ofType('aws:cloudwatch/metricAlarm:MetricAlarm')[0];
    if (alarm === undefined) throw new Error('staging has no alarm');
    engine.world.remove(alarm.type, alarm.id);
    await engine.succeed(['refresh', '--stack', 'staging', '--yes', '--skip-preview']);
    const { steps } = await engine.up('staging');
    expect(changesOf(steps)).toEqual([expect.stringMatching(/^create /) as string]);
    expect(engine.world.find(alarm.type, alarm.id)).toBeDefined();
  });

  it('leaves no secret in the state, an export, the home, the stack’s file or a cache', async () => {
    await engine.succeed(['stack', 'export', '--stack', 'staging', '--file', join(engine.folder, 'export.json')]);
    expect(filesWithSecrets(engine.folder, [REDIS_TOKEN, PASSPHRASE])).toEqual([]);
  });

  it('is destroyed whole, leaves nothing in the account, and is created again at once', async () => {
    await engine.destroy('staging');
    expect(engine.world.all).toEqual([]);
    const { steps } = await engine.up('staging');
    expect(changesOf(steps)).toHaveLength(created);
  });

  it('shows the search for secrets what an export with --show-secrets holds', async () => {
    const file = join(engine.folder, 'shown.json');
    await engine.succeed(['stack', 'export', '--stack', 'staging', '--show-secrets', '--file', file]);
    expect(filesWithSecrets(engine.folder, [REDIS_TOKEN])).toEqual([file]);
  });
});
