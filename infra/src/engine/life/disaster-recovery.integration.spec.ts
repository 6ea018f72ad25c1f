import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { commandsBelow, filled } from '../testing/operator/documented-commands';
import { OperatorShell, type Typed } from '../testing/operator/operator-shell';
import { describeWithPulumi } from '../testing/describe-with-pulumi';
import { changesOf, type Step } from '../testing/engine-events';
import { RealEngine, REDIS_TOKEN } from '../testing/real-engine';

const PAGE = 'docs/operator/disaster-recovery.md';
const DATABASE = 'aws:rds/instance:Instance';
const LOG_GROUP = 'aws:cloudwatch/logGroup:LogGroup';
const VPC = 'aws:ec2/vpc:Vpc';
const SUBNET = 'aws:ec2/subnet:Subnet';
/** Types of resources that hold data, or whose address others know. */
const KEPT =
  /^aws:(rds\/instance|elasticache\/replicationGroup|kms\/key|s3\/bucket|ebs\/volume|ec2\/eip|autoscaling\/group):/;
/** Returns whether a command concerns the rows of a restored database. test/system/src/restore tests such commands on a real database. */
const isOfPostgres = (block: string): boolean => /^(psql|npm run migrate)/.test(block);

const importFile = z.looseObject({ resources: z.array(z.looseObject({ type: z.string(), name: z.string() })) });

describeWithPulumi('prod, recovered by the unchanged commands of docs/operator/disaster-recovery.md', (cli) => {
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

  const lastUp = ({ operations }: Typed): readonly Step[] => {
    const last = operations.at(-1);
    expect(last?.command).toBe('up');
    return last?.steps ?? [];
  };
  const kept = (): string[] =>
    engine.world.all
      .filter(({ type }) => KEPT.test(type))
      .map(({ type, id }) => `${type} ${id}`)
      .sort();

  it('continues after SIGKILL ended `pulumi up` when AWS had created only some of the resources', async () => {
    let child: ChildProcess | undefined;
    let withheld = '';
    engine.provider.onCall = ({ op, type, name }) => {
      if (op !== 'create') return;
      if (type === LOG_GROUP && withheld === '') {
        withheld = name;
        return new Promise((_resolve, reject) =>
          child?.once('close', () => {
            reject(new Error('the CLI has ended'));
          }),
        );
      }
      if (type === SUBNET && withheld !== '') child?.kill('SIGKILL');
    };
    engine.provider.account.delaysMs.set(SUBNET, 2000);
    const killed = await engine.pulumi(['up', '--stack', 'prod', '--yes', '--skip-preview'], {
      started: (started) => (child = started),
    });
    engine.provider.onCall = () => undefined;
    engine.provider.account.delaysMs.clear();
    expect(killed.exitCode).toBeNull();
    expect(engine.world.ofType(SUBNET).length).toBeGreaterThan(0);
    const begun = engine.world.all.map(({ id }) => id);

    const locked = await engine.pulumi(['up', '--stack', 'prod', '--yes', '--skip-preview']);
    expect([locked.exitCode, locked.output]).toEqual([expect.any(Number), expect.stringContaining('locked')]);

    const [cancel = '', refresh = '', takeIn = '', goOn = '', ...more] = commandsBelow(
      PAGE,
      'If `pulumi up` was killed',
    );
    expect(more).toEqual([]);
    await shell.type(cancel);
    const names = readFileSync(join(engine.project, 'names.txt'), 'utf8');
    expect(names).toContain(SUBNET);
    expect(names).toContain(`::${withheld}\n`);
    await shell.type(refresh);
    // AWS never had this resource: the document says to remove it from the file and to run the command again.
    await expect(shell.type(takeIn)).rejects.toThrow(withheld);
    const file = join(engine.project, 'import.json');
    const found = importFile.parse(JSON.parse(readFileSync(file, 'utf8')));
    const resources = found.resources.filter(({ type, name }) => type !== LOG_GROUP || name !== withheld);
    expect(resources).toHaveLength(found.resources.length - 1);
    writeFileSync(file, JSON.stringify({ ...found, resources }));
    await shell.type(takeIn.split('\n').at(-1) ?? '');
    const steps = lastUp(await shell.type(goOn));
    // Check that no resource exists twice.
    for (const type of [SUBNET, VPC])
      expect(engine.world.ofType(type)).toHaveLength(steps.filter((step) => step.type === type).length);
    expect(steps.filter(({ op }) => /replace|delete/.test(op))).toEqual([]);
    expect(engine.world.all.map(({ id }) => id)).toEqual(expect.arrayContaining(begun));
  });

  it('imports a database that was restored beside the lost one, under the same name', async () => {
    const lost = engine.world.ofType(DATABASE)[0];
    const before = kept();
    const blocks = commandsBelow(PAGE, 'Restore the database').filter((block) => !isOfPostgres(block));
    const [choose = '', restore = '', rename = '', tell = '', ...more] = blocks;
    expect(more).toEqual([]);
    const [time, group] = z.tuple([z.string(), z.string()]).parse(JSON.parse((await shell.type(choose)).output));
    await shell.type(filled(restore, { time, group }));
    await shell.type(rename);
    const steps = lastUp(await shell.type(tell));
    const [database, ...others] = engine.world
      .ofType(DATABASE)
      .filter(({ inputs }) => inputs['identifier'] === 'communique-tee-prod-database');
    expect(others).toEqual([]);
    expect(database?.id).not.toBe(lost?.id);
    expect(database?.inputs).toEqual(lost?.inputs);
    expect(database?.outputs['address']).toBe(lost?.outputs['address']);
    expect(steps.filter(({ op, type }) => op !== 'update' && op !== 'same' && KEPT.test(type))).toEqual([]);
    expect(changesOf(steps)).toEqual([
      'create-replacement communique-tee-prod-database secretId',
      'create-replacement communique-tee-prod-parent-files contentBase64,key',
      'delete-replaced communique-tee-prod-database',
      'delete-replaced communique-tee-prod-parent-files',
      'replace communique-tee-prod-database secretId',
      'replace communique-tee-prod-parent-files contentBase64,key',
      'update communique-tee-prod-database enabledCloudwatchLogsExports,maxAllocatedStorage,tags',
      'update communique-tee-prod-parent launchTemplate',
      'update communique-tee-prod-parent userData',
      'update communique-tee-prod-parent-permissions policy',
    ]);
    // The lost database is no longer in Pulumi's state. It still exists, protected from deletion.
    expect(
      engine.world.ofType(DATABASE).map(({ inputs }) => [inputs['identifier'], inputs['deletionProtection']]),
    ).toContainEqual(['communique-tee-prod-lost', true]);
    expect(kept()).toEqual(expect.arrayContaining(before));
  });

  const loseState = (): void => {
    const state = join(engine.folder, 'state');
    rmSync(state, { recursive: true });
    mkdirSync(state);
  };
  const ofLostState = (): string[] => commandsBelow(PAGE, "If Pulumi's state is lost");

  it('needs no change after its state was exported, lost and imported', async () => {
    const [keep = '', takeIn = '', goOn = ''] = ofLostState();
    await shell.type(keep);
    loseState();
    await shell.type(filled(takeIn, { 'secrets provider': 'passphrase' }));
    const { operations } = await shell.type(goOn);
    expect(operations.map(({ command, steps }) => [command, changesOf(steps)])).toEqual([
      ['refresh', []],
      ['up', []],
    ]);
    const { steps = [] } = operations.at(-1) ?? {};
    expect(steps.length).toBeGreaterThan(100);
  });

  it('is imported completely if the state is lost, without making a store, key, address or group again', async () => {
    const before = kept();
    loseState();
    const [, , , init = '', takeIn = '', goOn = '', ...more] = ofLostState();
    expect(more).toEqual([]);
    await shell.type(filled(init, { 'secrets provider': 'passphrase', 'password of Redis': REDIS_TOKEN }));
    await shell.type(takeIn);
    const steps = lastUp(await shell.type(goOn));
    expect(steps.filter(({ op, type }) => op !== 'update' && op !== 'same' && KEPT.test(type))).toEqual([]);
    expect(changesOf(steps).filter((line) => !line.startsWith('update '))).toEqual([
      'create communique-tee-prod-parent-files',
      'create-replacement communique-tee-prod-secret-gateway-redis-token secretStringWoVersion',
      'delete-replaced communique-tee-prod-secret-gateway-redis-token',
      'replace communique-tee-prod-secret-gateway-redis-token secretStringWoVersion',
    ]);
    expect(kept()).toEqual(before);
    await engine.up('prod', '--expect-no-changes', '--policy-pack', engine.policyPack);
    await engine.succeed(['refresh', '--stack', 'prod', '--yes', '--skip-preview', '--expect-no-changes']);
  });
});
