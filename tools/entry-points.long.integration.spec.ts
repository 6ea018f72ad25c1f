import { workspaceRoot } from '@communique-tee/testing/harness';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Tests every program of this repository that people start: --help only prints help, and a wrong option is refused. */

const root = workspaceRoot();
const RUN_LIMIT_MS = 60_000;
interface Ended {
  code: number;
  out: string;
  err: string;
}
const run = (args: readonly string[], command = process.execPath, env = process.env) =>
  new Promise<Ended>((done) => {
    execFile(command, args, { cwd: root, env, timeout: RUN_LIMIT_MS, killSignal: 'SIGKILL' }, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
/** A cache, so that each program starts only once for its help. */
const helps = new Map<string, Promise<Ended>>();
function helpOf(words: readonly string[], command = process.execPath, env = process.env): Promise<Ended> {
  const name = words.join(' ');
  const help = helps.get(name) ?? run([...words, '--help'], command, env);
  helps.set(name, help);
  return help;
}

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

/** The programs that npm scripts start. */
const ours = Object.values(scripts).flatMap((script) => / && env node (tools\/run\.mjs \S+)/.exec(script)?.[1] ?? []);
const others = [
  'tools/run.mjs',
  'tools/dev/build/build.mjs',
  'tools/cli/one-file/build.mjs',
  'tools/dev/build/build-page.mjs',
  'tools/run.mjs tools/cli/main.ts',
  'tools/run.mjs tools/dev/docker/development-setup.ts',
  'tools/run.mjs tools/ops/operator/main.ts',
  'tools/run.mjs test/e2e/src/page/screenshots.ts',
  'tools/run.mjs infra/parent/src/testing/render-to.ts',
  'tools/dev/setup/ready.mjs',
  'tools/dev/setup/with-install.mjs',
  'docker/copy-packages.mjs',
  'tools/run.mjs test/lab/src/main.ts fuzz',
  'tools/run.mjs test/lab/src/main.ts openapi',
  'tools/run.mjs test/lab/src/main.ts judges',
  'tools/run.mjs test/lab/src/main.ts model',
  'tools/run.mjs test/lab/src/main.ts aws-models',
  'tools/run.mjs tools/dev/bench/profile/main.ts',
  'tools/run.mjs tools/dev/bench/load/main.ts',
  'tools/run.mjs tools/dev/bench/relay/main.ts',
  'tools/run.mjs tools/dev/bench/decision/main.ts',
  'tools/run.mjs tools/dev/bench/enclave/load/main.ts',
];
const groups = {
  'tools/run.mjs tools/ops/deploy/main.ts': ['bootstrap'],
  'tools/run.mjs tools/ops/main.ts': [
    'preflight',
    'preview',
    'check',
    'cost',
    'release',
    'secrets put',
    'secrets encrypt',
    'status',
    'clear-stop',
    'clear-model',
    'keys list',
    'keys revoke',
    'registrar init',
    'registrar key make',
    'registrar add',
    'registrar publish',
    'registrar campaign open',
    'registrar check',
  ],
  'tools/run.mjs tools/image/main.ts': [
    'build',
    'kernel',
    'prebuilt',
    'reproduce',
    'emulator setup',
    'emulator smoke',
    'emulator kept',
    'describe',
    'measure',
    'pack',
    'sign',
    'diff',
  ],
};
/** Programs whose help lists commands and no exit codes. */
const GROUPS = new Set([
  ...Object.keys(groups),
  'tools/run.mjs tools/ops/operator/main.ts',
  'tools/run.mjs infra/parent/src/testing/render-to.ts',
]);
const programs = [
  ...new Set([
    ...ours,
    ...others,
    ...Object.entries(groups).flatMap(([program, names]) => names.map((name) => `${program} ${name}`)),
  ]),
];

/** Our programs and commands that have no further commands. Their help must list their exit codes. */
const leaves = programs.filter((program) => program.startsWith('tools/run.mjs ') && !GROUPS.has(program));

it('package.json has at most 23 scripts', () => {
  expect(Object.keys(scripts).length).toBeLessThanOrEqual(23);
  expect(ours.length).toBeGreaterThan(5);
});

it.each(programs)('%s prints its help, and refuses a wrong option with exit code 2', async (program) => {
  const words = program.split(' ');
  await expectHelpAndRefusal(words, process.execPath, 2);
});

it.each(['docker/make-env.sh', 'docker/enclave-root.sh', '.ci/run', '.ci/nightly'])(
  '%s prints its help, and refuses a wrong option with exit code 2',
  async (script) => {
    await expectHelpAndRefusal([script], 'bash', 2);
  },
);

it.each(['enclave', 'gateway'])(
  'nx serve %s prints its help, and refuses a wrong option with exit code 2',
  async (app) => {
    await expectHelpAndRefusal(['tools/dev/build/serve.mjs', app], process.execPath, 2);
  },
);

it.each([
  'apps/enclave/src/main.ts',
  'apps/enclave/src/check-configuration.ts',
  'apps/gateway/src/main.ts',
  'apps/parent/src/main.ts',
])('%s exits with 78 for wrong arguments, as for a wrong configuration', async (entry) => {
  // Only PATH, because the enclave refuses to start with variables such as NODE_EXTRA_CA_CERTS.
  await expectHelpAndRefusal(['tools/run.mjs', entry], process.execPath, 78, { PATH: process.env['PATH'] });
});

it.each(leaves)('%s --help lists its exit codes', async (program) => {
  expect((await helpOf(program.split(' '))).out).toMatch(/^Exit codes?/m);
});

it.each([
  ['a missing job file', 'tools/run.mjs tools/dev/bench/load/main.ts no-such-file.json', 1],
  ['an output folder below a file', 'tools/run.mjs tools/image/main.ts build --stack example --out package.json/x', 1],
  ['a missing program', 'tools/run.mjs no-such-program.ts', 2],
])('a program reports %s without a stack trace', async (_, command, code) => {
  const failed = await run(command.split(' '));
  expect(failed).toMatchObject({ code, out: '' });
  expect(failed.err).toMatch(/no such file|not a directory|there is no/);
  expect(failed.err).not.toContain('    at ');
});

it('a program ends without a stack trace if the reader of its output is gone', async () => {
  const child = spawn(process.execPath, ['tools/run.mjs', 'tools/ops/main.ts', '--help'], { cwd: root });
  child.stdout.destroy();
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  expect(await once(child, 'close')).toEqual([141, null]);
  expect(err).toBe('');
});

const FOLDER_OPTIONS = [
  'tools/run.mjs tools/dev/dev/main.ts --folder',
  'tools/run.mjs tools/dev/demo/main.ts --folder',
  'tools/run.mjs test/congress/src/main.ts --folder',
  'tools/run.mjs test/providers/src/main.ts --folder',
  'tools/run.mjs test/e2e/src/page/screenshots.ts --folder',
  'tools/run.mjs tools/dev/docker/development-setup.ts --folder',
  'tools/run.mjs tools/dev/client-package/main.ts --out',
  'tools/run.mjs tools/dev/bench/main.ts --profile',
  'tools/run.mjs tools/ops/main.ts release --out',
];
// Without our check, Node's recursive mkdir would never return below /proc, and the process would ignore SIGTERM
it.each([
  ...FOLDER_OPTIONS.map((option) => `${option} package.json/x`),
  ...(process.platform === 'linux' ? FOLDER_OPTIONS.map((option) => `${option} /proc/x`) : []),
])('%s is refused, because the folder cannot be made', async (command) => {
  const refused = await run(command.split(' '));
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toMatch(
    /^--\w+: cannot make or write the folder \S+ \(E[^\n]*\)\n[^\n]* --help lists what it takes\.\n$/,
  );
});

async function expectHelpAndRefusal(
  words: readonly string[],
  command: string,
  wrongArguments: number,
  env = process.env,
): Promise<void> {
  const help = await helpOf(words, command, env);
  expect(help).toMatchObject({ code: 0, err: '' });
  expect(help.out).toMatch(/^usage: /im);
  const wrong = await run([...words, '--halp'], command, env);
  expect(wrong).toMatchObject({ code: wrongArguments, out: '' });
  expect(wrong.err).toMatch(/usage: |Did you mean --help\?|main\.js \[|\(--help\)/);
  expect(wrong.err).not.toContain('    at ');
}
