import { describeWithPulumi } from '@communique-tee/infra-engine/describe-with-pulumi';
import { changesOf, type Step as EngineStep } from '@communique-tee/infra-engine/engine-events';
import { RealEngine } from '@communique-tee/infra-engine/real-engine';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { readStackFile } from '../preflight/plan/stack-file';
import { startStandInAws, type StandInAws } from '../preflight/testing/stand-in-aws';
import { Deployment } from './deployment';
import { Interruption } from './interruption';
import { deployPorts, type Ports } from './ports';
import { runSteps } from './run-steps';
import { rollout } from './steps/rollout';
import { state } from './steps/state';
import { preview, up } from './steps/update';
import { ROLLS_BACK, ScalingGroup, SUCCEEDS } from './testing/scaling-group';

const STACK = 'staging';
const NAME = `communique-tee-${STACK}-parent`;
const GROUP = 'aws:autoscaling/group:Group';
const STEPS = [preview, up, rollout, state];

/**
 * Tests the steps of deploy that run Pulumi, under Pulumi's real engine. `pulumi up` must not change the group's version, because
 * deploy does (COMMUNIQUE_ROLLOUT). Afterwards Pulumi's state must have the new version. The AWS provider and the scaling group are stand-ins.
 */
describeWithPulumi('deploy under Pulumi’s own engine', (cli) => {
  let engine: RealEngine;
  let aws: StandInAws;
  let steps: Record<string, readonly EngineStep[]>;
  const group = new ScalingGroup(NAME);

  beforeAll(async () => {
    [engine, aws] = await Promise.all([RealEngine.start(cli), startStandInAws()]);
    aws.answer(group.answers());
    await engine.createStack(STACK);
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await aws.stop();
  });

  const inWorld = () => {
    const [found] = engine.world.ofType(GROUP);
    if (found === undefined) throw new Error('there is no group');
    return found;
  };
  const versionInWorld = (): string => (inWorld().inputs['launchTemplate'] as { version: string }).version;
  /** Copies the version of the stand-in's group to the provider's group, as after a successful instance refresh. */
  const carryOver = (): void => {
    const found = inWorld();
    const template = found.inputs['launchTemplate'] as object;
    engine.world.put({
      ...found,
      inputs: { ...found.inputs, launchTemplate: { ...template, version: group.version } },
    });
  };
  const image = (digit: string): Record<string, string> => engine.build({ stack: STACK, pcr0: digit.repeat(96) });

  async function deploy(from = 0): Promise<{ code: number; err: string }> {
    let err = '';
    let nowMs = 0;
    steps = {};
    const real = deployPorts(engine.project, new Interruption());
    const run = async (args: readonly string[], given: Readonly<Record<string, string>>) => {
      if (args[0] === 'refresh') carryOver();
      const ran = await engine.pulumi(args.includes('--yes') || args[0] === 'preview' ? args : [...args], {
        env: { COMMUNIQUE_ROLLOUT: given['COMMUNIQUE_ROLLOUT'] ?? '' },
      });
      steps[args[0] ?? ''] = ran.steps;
      if (ran.exitCode !== 0) err += ran.output;
      return { code: ran.exitCode ?? undefined, missing: false, stdout: ran.output };
    };
    const ports: Ports = {
      ...real,
      err: (text) => void (err += text),
      looking: {
        ...real.looking,
        aws: {
          endpoint: aws.endpoint,
          credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secretExampleKey' },
        },
        nowMs: () => nowMs,
      },
      run: (_command, args, env) => run(args, env),
      read: (_command, args, env) => run(args, env),
      sleep: (ms) => {
        nowMs += ms;
        return nextTurn();
      },
    };
    const deployment = new Deployment(
      {
        ...{ stack: STACK, region: 'us-east-1', yes: true, refresh: false, dropOldImage: false },
        stackFile: readStackFile(engine.project, STACK, [], () => undefined),
        skipChecks: undefined,
        ...{ rolloutLimitMs: 60_000, verifyLimitMs: 60_000 },
      },
      ports,
    );
    return { code: await runSteps(deployment, STEPS.slice(from), STEPS, []), err };
  }

  it('makes the stack, and starts no instance refresh', async () => {
    const { code, err } = await deploy();
    expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining('nothing was moved') as unknown });
    expect(versionInWorld()).toBe('1');
  });

  it('keeps the group’s version in pulumi up, changes it by an instance refresh, and then updates Pulumi’s state', async () => {
    engine.configure(STACK, image('7'));
    group.course = SUCCEEDS;
    const { code, err } = await deploy();
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(changesOf(steps['up'] ?? [])).not.toContainEqual(
      expect.stringMatching(new RegExp(`^update ${NAME} .*launchTemplate`)),
    );
    expect(group.asked.at(-1)?.get('DesiredConfiguration.LaunchTemplate.Version')).toBe('2');
    // The wildcard in --target matches only the group.
    expect((steps['refresh'] ?? []).map(({ type }) => type)).toEqual([GROUP]);
    expect(versionInWorld()).toBe('2');
    // A `pulumi up` by hand sets the template's newest version, which the group already has.
    await engine.up(STACK, '--expect-no-changes');
  });

  it('fails and keeps the old version if AWS rolls back, and the next run tries the new version again', async () => {
    engine.configure(STACK, image('8'));
    group.course = ROLLS_BACK;
    const back = await deploy();
    expect(back.code).toBe(1);
    expect(back.err).toContain(
      'the new version did not come into service, and AWS rolled back: the previous version serves',
    );
    expect(back.err).toContain(`npm run deploy -- --stack ${STACK} --from rollout`);
    expect([group.version, versionInWorld()]).toEqual(['2', '2']);

    group.course = SUCCEEDS;
    const again = await deploy(STEPS.indexOf(rollout));
    expect({ code: again.code, err: again.err }).toMatchObject({ code: 0 });
    expect([group.version, versionInWorld()]).toEqual(['3', '3']);
    await engine.up(STACK, '--expect-no-changes');
  });
});
