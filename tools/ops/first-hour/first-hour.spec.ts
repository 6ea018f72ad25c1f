import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { realPorts } from './ports';
import { THEMES } from './steps';
import { FACTS, WELL, World } from './testing/world';

const STEPS = THEMES.flatMap(({ steps }) => steps);
let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world[Symbol.asyncDispose]());

const ofAll = (verdict: string): Record<string, string> => Object.fromEntries(STEPS.map(({ name }) => [name, verdict]));

it('runs every step in order, and ends with 0 if every step is proved', async () => {
  const { code, out } = await world.run();
  expect([code, world.verdicts()]).toEqual([0, ofAll('proved')]);
  expect(world.ran).toEqual(STEPS.map(({ name }) => name));
  expect(out).toContain(`${String(STEPS.length)} proved, 0 refuted, 0 not reached`);
  expect(world.environments.get('address-moved')).toMatchObject({
    STACK: 'dev',
    AWS_REGION: 'us-east-1',
    REPLACED: FACTS.next,
  });
});

const REFUTING: Readonly<Record<string, object>> = {
  account: { Account: 'none' },
  preflight: {
    fail: 1,
    warn: 0,
    checks: [{ check: 'ami', status: 'fail', found: 'AWS gave an unexpected answer (x)' }],
  },
  price: { items: [{ item: 'a', monthlyUsd: '7300.00' }] },
  'in-service': {
    AutoScalingGroups: [{ Instances: [{ InstanceId: FACTS.instance, LifecycleState: 'Pending:Wait' }] }],
  },
  'launch-log': { events: [{ message: '{}' }] },
  console: { Output: 'nothing known' },
  address: { Addresses: [{ PublicIp: FACTS.ip }] },
  volume: { Volumes: [{ Attachments: [] }] },
  boot: { events: [{ message: '{"event":"clock","clocksource":"x","rtc":"none"}' }] },
  clock: { events: [{ message: '{"differenceMs":-60000}' }] },
  attested: { trusted: false, code: 'ERR_ATTESTATION_ROOT' },
  'kms-opens': { keys: 'waiting' },
  'kms-refuses': { Plaintext: 'x' },
  subscription: { Subscriptions: [] },
  metrics: { Metrics: 'x' },
  replaced: { AutoScalingGroups: 'x' },
  'address-moved': { Addresses: [{ PublicIp: '203.0.113.9', InstanceId: FACTS.next }] },
  'volume-moved': { Volumes: [{ Attachments: [] }] },
  'nothing-left': { ResourceTagMappingList: 'x' },
  'logs-gone': { logGroups: [{ logGroupName: 'a' }] },
};
it.each(Object.keys(REFUTING))(
  '%s: is refuted by an unexpected answer; the run ends with 1 and removes what was made',
  async (name) => {
    world.answers[name] = { code: 0, stdout: JSON.stringify(REFUTING[name]), stderr: '' };
    const { code } = await world.run();
    expect([code, world.verdicts()[name]]).toEqual([1, 'refuted']);
    expect(world.ran.includes('destroy')).toBe(world.ran.includes('deploy'));
  },
);
it.each<[string, number, string]>([
  ['deploy', 1, ''],
  ['destroy', 1, ''],
  ['dns', 0, '203.0.113.99\n'],
  ['certificate', 0, '502'],
  ['keys-end', 0, 'Enabled\n'],
])('%s: is refuted by exit code %i with the output %j', async (name, code, stdout) => {
  world.answers[name] = { code, stdout, stderr: 'FAILED: step up: it did not' };
  expect((await world.run()).code).toBe(1);
  expect(world.verdicts()[name]).toBe('refuted');
});
it('has a refuting answer for every step, except those that only a person can refute', () => {
  const covered = [...Object.keys(REFUTING), 'deploy', 'destroy', 'dns', 'certificate', 'keys-end'];
  expect(STEPS.map(({ name }) => name).filter((name) => !covered.includes(name))).toEqual([
    'alarm-mail',
    'key-watch',
    'loss',
  ]);
});

it('names the step of deploy that failed, and still runs console and destroy', async () => {
  world.answers['deploy'] = { code: 1, stdout: '', stderr: 'x\nFAILED: step up: pulumi up failed\n' };
  const { out } = await world.run();
  expect(out).toContain('step up of deploy failed');
  expect(world.verdicts()).toMatchObject({ deploy: 'refuted', console: 'proved', destroy: 'proved' });
});

it('runs only the step account if AWS refuses the credentials, and reports the other steps as not reached', async () => {
  world.answers['account'] = {
    code: 254,
    stdout: '',
    stderr: 'An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: canary',
  };
  const { code, out } = await world.run('--yes');
  expect([code, world.ran, out.includes('canary')]).toEqual([3, ['account'], false]);
  expect(world.report().themes[1]?.steps[0]).toMatchObject({
    verdict: 'not reached',
    observed: 'the step account comes first',
  });
});

it.each<[boolean | undefined]>([[false], [undefined]])(
  'runs no step that changes something if the answer is %s',
  async (answer) => {
    world.agrees = answer;
    expect((await world.run()).code).toBe(3);
    const changing = STEPS.filter(({ changes }) => changes !== undefined).map(({ name }) => name);
    expect(changing.filter((name) => world.ran.includes(name))).toEqual([]);
  },
);

it('reports alarm-mail as refuted if the operator answers that no mail came, and as not reached if no person can be asked', async () => {
  world.agrees = false;
  expect((await world.run('--yes')).code).toBe(1);
  expect(world.verdicts()).toMatchObject({ 'alarm-mail': 'refuted', destroy: 'proved' });
  world.agrees = undefined;
  expect((await world.run('--yes', '--restart')).code).toBe(3);
  expect(world.verdicts()).toMatchObject({ 'alarm-mail': 'not reached', destroy: 'proved' });
});

it('repeats a command while AWS needs time, and no longer than the step allows', async () => {
  let asked = 0;
  const well = WELL['replaced'];
  world.answers['replaced'] = () =>
    ++asked > 3 && well ? well : { code: 0, stdout: '{"AutoScalingGroups": []}', stderr: '' };
  expect((await world.run()).code).toBe(0);
  expect(asked).toBe(4);
  world.answers['replaced'] = { code: 0, stdout: '{"AutoScalingGroups": []}', stderr: '' };
  world.ran.length = 0;
  expect((await world.run('--restart')).code).toBe(3);
  expect(world.ran.filter((name) => name === 'replaced')).toHaveLength(51);
});

it('continues after an interruption, and does not repeat a step that was proved', async () => {
  world.answers['clock'] = () => {
    world.interrupt();
    return { code: undefined, stdout: '', stderr: '' };
  };
  const { code, err } = await world.run('--yes');
  expect([code, err]).toEqual([
    3,
    expect.stringContaining('Interrupted. Continue with: npm run ops -- first-hour --stack dev --yes'),
  ]);
  expect(err).toContain('The stack costs money until it is removed: pulumi destroy --refresh --stack dev');
  expect(world.ran.at(-1)).toBe('clock');
  world.answers = { ...WELL };
  world.ran.length = 0;
  expect((await world.run('--yes')).code).toBe(0);
  expect([world.ran[0], world.ran.includes('deploy')]).toEqual(['clock', false]);
});

it('removes what an interrupted deployment may have made, even if the next run’s deployment does not finish', async () => {
  world.answers['deploy'] = () => {
    world.interrupt();
    return { code: 130, stdout: '', stderr: '' };
  };
  await world.run('--yes');
  const state = JSON.parse(readFileSync(world.folder.file('dist/first-hour/state.json'), 'utf8')) as { made: boolean };
  expect(state.made).toBe(true);
  world.answers = { ...WELL, deploy: { code: 2, stdout: '', stderr: '' } };
  await world.run('--yes');
  expect(world.verdicts()).toMatchObject({ deploy: 'not reached', destroy: 'proved' });
});

it.each<[string, string[]]>([
  ['production, which must not be removed', ['--stack', 'prod']],
  ['a stack without a file', ['--stack', 'other']],
  ['a misspelt option', ['--stak', 'dev']],
])('ends with 2 for %s', async (_name, args) => {
  expect((await world.run(...args)).code).toBe(2);
  expect(world.ran).toEqual([]);
});
it('ends with 2 for a state file that it cannot read, and names --restart', async () => {
  await world.run('--list');
  expect(world.ran).toEqual([]);
  await world.run();
  writeFileSync(world.folder.file('dist/first-hour/state.json'), '{');
  expect(await world.run()).toMatchObject({
    code: 2,
    err: expect.stringContaining('--restart discards it and begins again') as unknown,
  });
  expect((await world.run('--restart')).code).toBe(0);
});

it('keeps secrets, accounts, addresses and keys out of the report, whatever the commands print', async () => {
  const canaries = [
    'AKIAIOSFODNN7CANARY1',
    'canary-of-the-environment',
    FACTS.account,
    FACTS.instance,
    FACTS.next,
    FACTS.ip,
    'ada@canary.example',
    'arn:aws:iam::1:role/canary',
    'dev.communique.test',
    '-----BEGIN PRIVATE KEY-----canary',
  ];
  world.env = { REDIS_PASSWORD: 'canary-of-the-environment' };
  const text = canaries.join(' ');
  for (const [name, answer] of Object.entries(WELL)) {
    // Put the canaries into the texts of a valid answer, so that a step accepts it and could repeat them.
    const parsed = /^[[{]/.test(answer.stdout) ? (JSON.parse(answer.stdout) as object) : undefined;
    world.answers[name] = {
      code: answer.code,
      stdout: parsed === undefined ? `${answer.stdout}${text}` : JSON.stringify({ ...parsed, more: text, found: text }),
      stderr: `${answer.stderr} ${text}`,
    };
  }
  await world.run('--yes');
  const check = () => {
    for (const file of ['report.md', 'report.json']) {
      const report = readFileSync(world.folder.file(`dist/first-hour/${file}`), 'utf8');
      for (const canary of canaries) expect(report).not.toContain(canary);
      expect(report).not.toMatch(/canary/i);
    }
  };
  check();
  for (const code of [0, 1, 254])
    for (const stdout of [
      text,
      JSON.stringify({
        trusted: false,
        code: text,
        fail: 1,
        warn: 0,
        checks: [{ check: text, status: 'fail', found: text }],
        events: [{ message: `"rtc":"${text}" "upSeconds":${text}` }],
        keys: text,
      }),
    ]) {
      for (const { name } of STEPS) world.answers[name] = { code, stdout, stderr: text };
      await world.run('--yes', '--restart');
      check();
    }
  expect(statSync(world.folder.file('dist/first-hour/state.json')).mode & 0o777).toBe(0o600);
});

it.each(STEPS)(
  '$name: has a command without exit, so that pasting it does not close the operator’s shell',
  ({ command }) => {
    expect(command).not.toMatch(/\bexit\b/);
  },
);

it.each([
  ['the list of keys cannot be read', 'get-resources'],
  ['a key cannot be read', 'describe-key'],
])('keys-end: is not reached if %s', async (_name, failing) => {
  const aws = world.folder.file('aws');
  const answers = 'if [ "$2" = get-resources ]; then printf "arn:1\\tarn:2\\n"; else echo PendingDeletion; fi';
  writeFileSync(aws, `#!/bin/sh\n[ "$2" = ${failing} ] && exit 254\n${answers}\n`);
  chmodSync(aws, 0o755);
  const step = STEPS.find(({ name }) => name === 'keys-end');
  const env = { STACK: 'dev', PATH: `${world.folder.path}:${process.env['PATH'] ?? ''}` };
  const ended = await realPorts(world.folder.path).run(step?.command ?? '', env, { shown: false });
  expect(step?.judge(ended, {}).verdict).toBe('not reached');
});
