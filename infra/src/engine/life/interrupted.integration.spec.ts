import type { ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { describeWithPulumi } from '../testing/describe-with-pulumi';
import { changesOf } from '../testing/engine-events';
import { RealEngine } from '../testing/real-engine';

const SUBNET = 'aws:ec2/subnet:Subnet';
const exported = z.object({
  deployment: z.object({ resources: z.array(z.unknown()), pending_operations: z.array(z.unknown()).default([]) }),
});

describeWithPulumi('a pulumi up of dev that Ctrl-C ends', (cli) => {
  let engine: RealEngine;
  beforeAll(async () => {
    engine = await RealEngine.start(cli);
    await engine.createStack('dev');
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  it('waits for creations that have begun, writes them into the state, and leaves no lock', async () => {
    let child: ChildProcess | undefined;
    engine.provider.onCall = ({ op, type, preview }) => {
      if (op !== 'create' || type !== SUBNET || preview) return;
      // Send Ctrl-C only once: the subnets are created in parallel, and a second Ctrl-C would end the CLI without waiting.
      engine.provider.onCall = () => undefined;
      child?.kill('SIGINT');
    };
    engine.provider.account.delaysMs.set(SUBNET, 2000);
    const ran = await engine.pulumi(['up', '--stack', 'dev', '--yes', '--skip-preview'], {
      started: (started) => (child = started),
    });
    engine.provider.account.delaysMs.clear();
    expect(ran.exitCode).not.toBe(0);
    expect(engine.world.ofType(SUBNET).length).toBeGreaterThan(0);
    expect(engine.world.ofType('aws:autoscaling/group:Group')).toEqual([]);
    expect(locks(engine)).toEqual([]);
    const { output } = await engine.succeed(['stack', 'export', '--stack', 'dev']);
    expect(exported.parse(JSON.parse(output)).deployment.pending_operations).toEqual([]);
  });

  it('is completed by the next pulumi up, which creates only what is missing', async () => {
    const before = engine.world.all.length;
    const { steps } = await engine.up('dev');
    expect(changesOf(steps).every((line) => line.startsWith('create '))).toBe(true);
    expect(engine.world.all.length).toBeGreaterThan(before);
    expect(engine.world.ofType(SUBNET)).toHaveLength(steps.filter(({ type }) => type === SUBNET).length);
    await engine.up('dev', '--expect-no-changes');
  });
});

const locks = ({ folder }: RealEngine): string[] =>
  readdirSync(join(folder, 'state', '.pulumi'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /^locks\/.*\.json$/.test(name),
  );
