import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from './command-line';
import { makeFolder, writableFolder } from './folder';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'folder-'));
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

it('makes a folder and its missing parents, each with the given mode', () => {
  makeFolder(join(base, 'a/b'), 0o700);
  for (const folder of ['a', 'a/b']) expect(statSync(join(base, folder)).mode & 0o777).toBe(0o700);
});

it('accepts an existing folder, and leaves no file in it', () => {
  expect(writableFolder('--folder', base)).toBe(base);
  expect(readdirSync(base)).toEqual([]);
});

it.each([
  ['a file', 'file', 'EEXIST'],
  ['a folder below a file', 'file/a/b', 'ENOTDIR'],
])('refuses %s', (_, name, code) => {
  writeFileSync(join(base, 'file'), '');
  expect(() => writableFolder('--folder', join(base, name))).toThrow(UsageError);
  expect(() => writableFolder('--folder', join(base, name))).toThrow(
    `--folder: cannot make or write the folder ${join(base, name)} (${code}: `,
  );
});

const proc = process.platform === 'linux' ? it : it.skip;
proc.each(['/proc/x', '/proc/x/y', '/proc'])('refuses %s, where the kernel makes no files', (folder) => {
  expect(() => writableFolder('--out', folder)).toThrow(/^--out: cannot make or write .* \(ENOENT: /);
});

// Root can write into every folder
const asUser = process.getuid?.() === 0 ? it.skip : it;
asUser('refuses a folder without permission to write', () => {
  makeFolder(join(base, 'closed'), 0o500);
  expect(() => writableFolder('--folder', join(base, 'closed'))).toThrow(/\(EACCES: /);
});
