import { commandsBelow, filled } from '../testing/operator/documented-commands';
import { OperatorShell } from '../testing/operator/operator-shell';
import { SNAPSHOT } from '../testing/operator/volumes';
import { describeWithPulumi } from '../testing/describe-with-pulumi';
import { changesOf } from '../testing/engine-events';
import { RealEngine } from '../testing/real-engine';

const VOLUME = 'aws:ebs/volume:Volume';

describeWithPulumi('a dev stack whose data volume is restored from a snapshot', (cli) => {
  it('imports the new volume with the commands of docs/operator/disaster-recovery.md, and keeps the lost volume', async () => {
    await using engine = await RealEngine.start(cli);
    await using shell = await OperatorShell.open(engine);
    await engine.createStack('dev');
    await engine.up('dev');
    const [lost] = engine.world.ofType(VOLUME);
    const snapshot = 'snap-0123456789abcdef0';
    engine.world.put({
      type: SNAPSHOT,
      id: snapshot,
      inputs: { volumeId: lost?.id, size: lost?.inputs['size'], tags: { 'communique-tee:snapshots': 'dev' } },
      outputs: {},
    });

    const [make = '', tell = '', ...more] = commandsBelow(
      'docs/operator/disaster-recovery.md',
      "A snapshot of the parent's disk",
    );
    expect(more).toEqual([]);
    expect((await shell.type(filled(make, { snapshot }))).output).toContain(snapshot);
    const { operations } = await shell.type(tell);
    expect(operations.map(({ command }) => command)).toEqual(['refresh', 'up']);
    const { steps = [] } = operations.at(-1) ?? {};
    expect(changesOf(steps)).toEqual([
      'create-replacement communique-tee-dev-parent-files contentBase64,key',
      'delete-replaced communique-tee-dev-parent-files',
      'replace communique-tee-dev-parent-files contentBase64,key',
      'update communique-tee-dev-data tags',
      'update communique-tee-dev-data-snapshots policy',
      'update communique-tee-dev-parent launchTemplate',
      'update communique-tee-dev-parent userData',
      'update communique-tee-dev-parent-permissions policy',
    ]);
    const [taken] = engine.world.ofType(VOLUME).filter(({ id }) => id !== lost?.id);
    expect(taken?.inputs['tags']).toEqual(lost?.inputs['tags']);
    expect(engine.world.find(VOLUME, lost?.id ?? '')).toBeDefined();
    await engine.up('dev', '--expect-no-changes');
  });
});
