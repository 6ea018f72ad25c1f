import { changesOf } from '../testing/engine-events';
import { RealEngine } from '../testing/real-engine';
import { describeWithPulumi } from '../testing/describe-with-pulumi';

describeWithPulumi('dev, under Pulumi’s own engine', (cli) => {
  let engine: RealEngine;
  beforeAll(async () => {
    engine = await RealEngine.start(cli);
    await engine.createStack('dev');
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  it('is created', async () => {
    const { steps } = await engine.up('dev');
    expect(steps.every(({ op }) => op === 'create')).toBe(true);
    expect(steps.length).toBeGreaterThan(60);
  });

  it('is unchanged by a second up', async () => {
    const { steps } = await engine.up('dev', '--expect-no-changes');
    expect(changesOf(steps)).toEqual([]);
  });
});
