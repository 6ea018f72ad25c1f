import { workspaceRoot } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { containsTest, testsNamedIn } from './named-tests';
import { anchorsOf, findAll, linksOf, readPages, type Page } from './pages';

/** Checks that the commands, files and links in README.md and docs/ exist. */

const root = workspaceRoot();
let pages: Page[];

beforeAll(async () => {
  pages = await readPages(root);
});

it('reads README.md and the pages below docs/', () => {
  expect(pages.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['README.md', 'docs/operator/production.md', 'docs/operations.md']),
  );
});

it('every npm run in the pages names a script of package.json', async () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const named = pages.flatMap((page) => findAll(page, /\bnpm run (?:-s )?([a-z][a-z0-9:-]*)/g));
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((line) => !Object.hasOwn(scripts, line.split(': ')[1] ?? ''))).toEqual([]);
});

it('every npm run whose output goes to a file has -s, so that npm prints no lines of its own', () => {
  const written = pages.flatMap((page) => findAll(page, /^ {4,}(npm run .*\S > \S+)/gm));
  expect(written.length).toBeGreaterThan(1);
  expect(written.filter((line) => !line.includes(': npm run -s '))).toEqual([]);
});

it.each([
  ['npm run (?:-s )?ops --', 'tools/ops/main.ts'],
  ['npm run image --', 'tools/image/main.ts'],
  ['node tools/cli/bin.mjs', 'tools/cli/main.ts'],
  ['node communique-tee.mjs', 'tools/cli/one-file/main.ts'],
])('every command after %s exists', async (command, entry) => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'tools/run.mjs'), join(root, entry)], {
    cwd: root,
  });
  const known = new Set([...stdout.matchAll(/^ {2}([a-z-]+)(?: \[options\]| <| {2})/gm)].map(([, name]) => name));
  const named = pages.flatMap((page) => findAll(page, new RegExp(`${command} ([a-z][a-z-]*)`, 'g')));
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((line) => !known.has(line.split(': ')[1]))).toEqual([]);
});

it('every tool that the pages start from its source exists', () => {
  const named = pages.flatMap((page) => findAll(page, /tools\/run\.mjs ([^\s<]+\.ts)/g));
  expect(named.filter((line) => !existsSync(join(root, line.split(': ')[1] ?? '')))).toEqual([]);
});

it('every link leads to an existing file and heading', async () => {
  const broken: string[] = [];
  for (const page of pages) {
    for (const [path, anchor] of linksOf(page)) {
      const target = path === '' ? page.path : relative(root, join(root, dirname(page.path), path));
      if (!existsSync(join(root, target))) broken.push(`${page.path}: ${path}`);
      else if (
        anchor !== '' &&
        target.endsWith('.md') &&
        !anchorsOf({ path: target, text: await readFile(join(root, target), 'utf8') }).has(anchor)
      )
        broken.push(`${page.path}: ${path}#${anchor}`);
    }
  }
  expect(broken).toEqual([]);
});

it('every path in the operators’ pages exists', () => {
  const named = operators().flatMap((page) =>
    findAll(page, /`((?:apps|libs|infra|test|tools|docs|image|prisma)\/[^`\s<>]+)`/g),
  );
  expect(named.length).toBeGreaterThan(40);
  expect(
    named.filter(
      (line) =>
        !existsSync(join(root, (line.split(': ')[1] ?? '').replace(/\.$/, ''))) &&
        !/config\/(prod|staging)\.json$/.test(line),
    ),
  ).toEqual([]);
});

it('every key that the operators’ pages set in Pulumi.<stack>.yaml exists', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(root, 'tools/run.mjs'), join(root, 'tools/ops/main.ts'), 'preview', '--help'],
    { cwd: root },
  );
  const keys = new Set([
    ...[...stdout.matchAll(/^ {2}([a-z][A-Za-z0-9]+) {2,}/gm)].map(([, key]) => key),
    'redisAuthToken',
    // The namespace of the AWS provider's keys.
    'aws',
  ]);
  expect(keys.size).toBeGreaterThan(30);
  const named = operators().flatMap((page) => [
    ...findAll(page, /pulumi config (?:set|rm) (?:--secret |--path ')?([A-Za-z0-9]+)/g),
    ...findAll(page, /--config ([A-Za-z0-9]+)=/g),
  ]);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((line) => !keys.has(line.split(': ')[1]))).toEqual([]);
});

it('every systemd unit in the operators’ pages is installed on the parent', () => {
  const named = operators().flatMap((page) => findAll(page, /\b(communique-[a-z-]+\.service)\b/g));
  expect(named.length).toBeGreaterThan(5);
  const files = readdirSync(join(root, 'infra/parent/files')).map((folder) =>
    join(root, 'infra/parent/files', folder, 'etc/systemd/system'),
  );
  expect(named.filter((line) => !files.some((folder) => existsSync(join(folder, line.split(': ')[1] ?? ''))))).toEqual(
    [],
  );
});

it('every test title in the operators’ pages is a title in the named file', () => {
  const named = operators().flatMap(({ path, text }) => testsNamedIn(text).map((test) => ({ path, ...test })));
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((test) => !containsTest(root, test))).toEqual([]);
});

const operators = (): Page[] => pages.filter(({ path }) => path.startsWith('docs/operator/'));
