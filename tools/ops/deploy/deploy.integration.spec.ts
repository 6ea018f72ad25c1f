import { pcr3OfRole } from '@communique-tee/attestation';
import { startSystem, type System } from '@communique-tee/test-system';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shellPath } from '../preflight/here/shell-path';
import { startStandInAws, type StandInAws } from '../preflight/testing/stand-in-aws';
import { built, outputsOf, previewOf, write } from './testing/checkout';
import { ScalingGroup } from './testing/scaling-group';

/** The mock NSM attests the role of this stack in the account of the AWS stand-in. */
const STACK = 'development';
const GROUP = `communique-tee-${STACK}-parent`;
const STACK_FILE = `config:
  aws:region: us-east-1
  communique-tee:imageFolder: dist/image/${STACK}-arm64
  communique-tee:releaseFile: dist/release/communique-tee-arm64.tar.gz
`;
/** Replaces this repository's own programs: it prints the plan, and every check passes. */
const RUN = `import { readFileSync } from 'node:fs';
if (process.argv[3] === 'preview') process.stdout.write(readFileSync('plan.json'));
else console.error('own program: ' + process.argv.slice(3).join(' '));
`;
/** Replaces Pulumi: it logs its arguments, and waits for Ctrl-C if a test has made the file `hold`. */
const PULUMI = `#!/bin/sh
echo "$* | node=$(command -v node) rollout=$COMMUNIQUE_ROLLOUT" >> calls.log
case "$1 $2" in
  "stack output") cat outputs.json ;;
  "up --stack") if [ -e hold ]; then trap 'echo "pulumi stops in its own way" >&2; exit 255' INT; echo holding >&2; while :; do sleep 0.05; done; fi ;;
esac
`;

let folder: TemporaryFolder;
let system: System;
let aws: StandInAws;
let group: ScalingGroup;

beforeAll(async () => {
  folder = await temporaryFolder('deploy-command-');
  aws = await startStandInAws();
  system = await startSystem({ folder: folder.file('system') });
  await write(folder.path, {
    [`Pulumi.${STACK}.yaml`]: STACK_FILE,
    'tools/run.mjs': RUN,
    'bin/pulumi': PULUMI,
    ...built(STACK, system.pcr0, 'c'.repeat(40)),
    'plan.json': previewOf(system.pcr0, 'c'.repeat(40)),
  });
  await chmod(folder.file('bin/pulumi'), 0o755);
}, 300_000);
afterAll(async () => {
  await system.stop();
  await aws.stop();
  await folder.remove();
});
beforeEach(async () => {
  group = new ScalingGroup(GROUP);
  aws.answer(group.answers());
  await writeFile(folder.file('calls.log'), '');
  await writeFile(
    folder.file('outputs.json'),
    outputsOf({ stack: STACK, pcr0: system.pcr0, pcr3: system.pcr3, version: '2' }),
  );
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(...args: string[]): {
  child: ChildProcess;
  ended: Promise<Ended>;
  said: (text: string) => Promise<void>;
} {
  const child = spawn(
    process.execPath,
    [
      ...['tools/run.mjs', 'tools/ops/deploy/testing/main.ts', folder.path, system.gatewayUrl],
      ...[join(folder.path, 'system', 'development-root.pem'), '--stack', STACK, ...args],
    ],
    {
      cwd: workspaceRoot(),
      // A new process group, as a terminal makes one for a command: Ctrl-C reaches every process in it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        // The PATH of a shell, without the folders that npm puts in front.
        PATH: `${folder.file('bin')}:${shellPath(process.env['PATH'] ?? '')}`,
        HOME: folder.path,
        AWS_ENDPOINT_URL: aws.endpoint,
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'secretExampleKey',
        AWS_EC2_METADATA_DISABLED: 'true',
      },
    },
  );
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const said = async (text: string): Promise<void> => {
    while (!err.includes(text)) {
      if (child.exitCode !== null) throw new Error(`it ended before it said “${text}”: ${err}`);
      await Promise.race([once(child.stderr, 'data'), once(child, 'exit')]);
    }
  };
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  return { child, ended, said };
}
const run = (...args: string[]): Promise<Ended> => start(...args).ended;

it('deploys a stack: plans, checks, updates, refreshes, and verifies the document of a real gateway and enclave', async () => {
  const { code, out, err } = await run('--yes', '--drop-old-image');
  expect(err).toMatch(/TRUSTED {2}i-development/);
  expect(err).toContain('health: everything is up');
  expect(err).not.toContain('secretExampleKey');
  expect(out).toContain('from outside, by its name: this image, under your role');
  expect(out).toContain('UNDER A TEST ROOT, on this machine: it proves nothing');
  expect(code).toBe(0);
  expect(group.version).toBe('2');
  const calls = (await readFile(folder.file('calls.log'), 'utf8')).trim().split('\n');
  expect(calls.map((line) => line.split(' | ')[0])).toEqual([
    `preview --stack ${STACK}`,
    `up --stack ${STACK} --yes --skip-preview`,
    `stack output --json --stack ${STACK}`,
    expect.stringMatching(/^refresh --stack development --yes --skip-preview --target urn:pulumi:/),
  ]);
  for (const call of calls) expect(call).toContain('rollout=deploy');
  const policy = await readFile(folder.file('dist', 'deploy', STACK, 'policy.json'), 'utf8');
  expect(JSON.parse(policy)).toMatchObject({ acceptedMeasurements: [{ pcr0: system.pcr0, pcr3: system.pcr3 }] });
}, 300_000);

it('refuses an enclave that runs another image than the one built here', async () => {
  const other = 'd'.repeat(96);
  await write(folder.path, built(STACK, other, 'c'.repeat(40)));
  const { code, err } = await run('--from', 'verify');
  await write(folder.path, built(STACK, system.pcr0, 'c'.repeat(40)));
  expect(code).toBe(1);
  expect(err).toContain('FAILED: step verify: the attestation document is refused: ERR_ATTESTATION_MEASUREMENT');
  expect(err).toContain(`The running image is not the one built here (PCR0 ${other}).`);
  expect(err).toContain(`npm run deploy -- --stack ${STACK} --from verify`);
}, 120_000);

it('refuses an enclave under the role of another account', async () => {
  const accountId = '444455556666';
  const identity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::${accountId}:user/ada</Arn><Account>${accountId}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
  aws.answer({ ...group.answers(), GetCallerIdentity: { body: identity } });
  const pcr3 = pcr3OfRole(`arn:aws:iam::${accountId}:role/${GROUP}`);
  await writeFile(folder.file('outputs.json'), outputsOf({ stack: STACK, pcr0: system.pcr0, pcr3, accountId }));
  const { code, err } = await run('--from', 'verify');
  expect(code).toBe(1);
  expect(err).toContain('the attestation document is refused: ERR_ATTESTATION_OPERATOR');
}, 120_000);

it('lets Pulumi handle Ctrl-C itself, and prints the command that continues', async () => {
  await writeFile(folder.file('hold'), '');
  const { child, ended, said } = start('--yes', '--from', 'preview');
  await said('holding');
  process.kill(-(child.pid ?? 0), 'SIGINT');
  const { code, err } = await ended;
  expect(code).toBe(130);
  expect(err).toContain('pulumi stops in its own way');
  expect(err).toContain('INTERRUPTED in step up');
  expect(err).toContain(`npm run deploy -- --stack ${STACK} --from preview --refresh`);
}, 120_000);

it('does not accept --development-root in the command that operators start', async () => {
  const child = spawn(
    process.execPath,
    ['tools/run.mjs', 'tools/ops/deploy/main.ts', '--stack', 'dev', '--development-root', 'x.pem'],
    { cwd: workspaceRoot(), stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  expect((await once(child, 'close'))[0]).toBe(2);
  expect(err).toContain("unknown option '--development-root'");
}, 120_000);
