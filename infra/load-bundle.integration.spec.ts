import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';

const root = workspaceRoot();
const folder = join(root, '.cache', 'run');

/** Starts a process that loads a bundle and lists the folder; then kills it. @returns the process's own files in that folder */
async function loads(script: string): Promise<{ readonly files: readonly string[] }> {
  const child = spawn(process.execPath, ['-e', script], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const own = new RegExp(`-${String(child.pid)}\\.`);
    return { files: (JSON.parse(line.toString('utf8')) as string[]).filter((file) => own.test(file)) };
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

const REPORT = `console.log(JSON.stringify(require('node:fs').readdirSync(${JSON.stringify(folder)}))); setInterval(() => undefined, 1000);`;

it('deletes the policy pack’s bundle as soon as the pack runs', async () => {
  const bundle = `const { loadBundle } = require('./infra/load-bundle.cjs');
    loadBundle('policy-pack', 'cjs', { entryPoints: ['infra/policy-pack/pack.ts'], format: 'cjs', external: ['@pulumi/*'] }, () => undefined);`;
  expect(await loads(`${bundle}${REPORT}`)).toEqual({ files: [] });
});

it('deletes the program’s bundle as soon as the program is loaded', async () => {
  const bundle = `const { loadBundle } = require('./infra/load-bundle.cjs'); const { pathToFileURL } = require('node:url');
    loadBundle('infra', 'mjs', { entryPoints: ['infra/src/names.ts'], format: 'esm', packages: 'external' }, (file) => import(pathToFileURL(file).href))
      .then((loaded) => { if (loaded.PROJECT !== 'communique-tee') throw new Error('not loaded'); ${REPORT} });`;
  expect(await loads(bundle)).toEqual({ files: [] });
});

it('deletes the bundle of a program that fails to load', async () => {
  const bundle = `const { loadBundle } = require('./infra/load-bundle.cjs');
    loadBundle('infra', 'mjs', { entryPoints: ['infra/src/names.ts'], format: 'esm' }, () => Promise.reject(new Error('broken')))
      .catch(() => { ${REPORT} });`;
  expect(await loads(bundle)).toEqual({ files: [] });
});

it('deletes the bundle of a process that was killed while it loaded, and keeps the bundle of a running process', async () => {
  mkdirSync(folder, { recursive: true });
  const gone = spawn(process.execPath, ['-e', '']);
  await once(gone, 'exit');
  const [left, used] = [gone.pid, process.pid].map((pid) => join(folder, `infra-${String(pid)}.mjs`));
  if (left === undefined || used === undefined) throw new Error('two files');
  for (const file of [left, used]) writeFileSync(file, '');
  try {
    await loads(`const { loadBundle } = require('./infra/load-bundle.cjs');
      loadBundle('infra', 'cjs', { entryPoints: ['infra/src/names.ts'], format: 'cjs', packages: 'external' }, () => undefined);${REPORT}`);
    expect([existsSync(left), existsSync(used)]).toEqual([false, true]);
  } finally {
    rmSync(used, { force: true });
  }
});
