import { workspaceRoot } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Every program of this repository that people start: --help does nothing else, and a wrong option is exit code 2. */

const root = workspaceRoot();
const run = (args: readonly string[]) =>
  new Promise<{ code: number; out: string; err: string }>((done) => {
    execFile(process.execPath, args, { cwd: root }, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

/** Scripts that start one of our own programs, by its file. */
const ours = Object.values(scripts).flatMap((script) => /^node (tools\/run\.mjs \S+)/.exec(script)?.[1] ?? []);
const others = [
  'tools/run.mjs',
  'tools/dev/build/build.mjs',
  'tools/dev/build/build-page.mjs',
  'tools/run.mjs tools/cli/main.ts',
  'tools/run.mjs tools/dev/docker/development-setup.ts',
  'tools/run.mjs tools/dev/bench/profile/main.ts',
  'tools/run.mjs tools/dev/bench/load/main.ts',
  'tools/run.mjs tools/dev/bench/relay/main.ts',
  'tools/run.mjs tools/dev/bench/decision/main.ts',
  'tools/run.mjs tools/dev/bench/enclave/load/main.ts',
];
const groups = {
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
    'keys list',
    'keys revoke',
  ],
  'tools/run.mjs tools/image/main.ts': [
    'build',
    'kernel',
    'reproduce',
    'emulator setup',
    'emulator smoke',
    'describe',
    'measure',
    'pack',
    'sign',
    'diff',
  ],
};
const programs = [
  ...new Set([
    ...ours,
    ...others,
    ...Object.entries(groups).flatMap(([program, names]) => names.map((name) => `${program} ${name}`)),
  ]),
];

it('has at most 20 npm scripts', () => {
  expect(Object.keys(scripts).length).toBeLessThanOrEqual(20);
  expect(ours.length).toBeGreaterThan(5);
});

it.each(programs)('%s', async (program) => {
  const words = program.split(' ');
  const help = await run([...words, '--help']);
  expect(help).toMatchObject({ code: 0, err: '' });
  expect(help.out).toMatch(/^usage: /im);
  const wrong = await run([...words, '--halp']);
  expect(wrong).toMatchObject({ code: 2, out: '' });
  expect(wrong.err).toMatch(/usage: |Did you mean --help\?/);
  expect(wrong.err).not.toContain('    at ');
});
