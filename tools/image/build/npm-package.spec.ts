import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchNpmPackage, type NpmPackage } from './npm-package';

let folder: string;
let wanted: NpmPackage;
let packed: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'npm-package-'));
  mkdirSync(join(folder, 'package'));
  writeFileSync(join(folder, 'package', 'native.node'), 'as published');
  execFileSync('tar', ['-czf', join(folder, 'native.tgz'), '-C', folder, 'package']);
  packed = 0;
  wanted = {
    name: '@a/native',
    version: '1.0.0',
    integrity: `sha512-${createHash('sha512')
      .update(readFileSync(join(folder, 'native.tgz')))
      .digest('base64')}`,
    license: undefined,
  };
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const fetched = () =>
  fetchNpmPackage(wanted, join(folder, 'cache'), async (_wanted, into) => {
    packed += 1;
    copyFileSync(join(folder, 'native.tgz'), join(into, 'native.tgz'));
    return Promise.resolve(join(into, 'native.tgz'));
  });

it('asks the registry only once for a package', async () => {
  expect(await fetched()).toBe(await fetched());
  expect(packed).toBe(1);
});

it('does not use a cached package that was changed', async () => {
  const file = join(await fetched(), 'native.node');
  writeFileSync(file, 'as publishes');
  expect(readFileSync(join(await fetched(), 'native.node'), 'utf8')).toBe('as published');
  expect(packed).toBe(2);
});

it('refuses a tarball with another hash than in the lockfile', async () => {
  writeFileSync(join(folder, 'native.tgz'), 'another');
  await expect(fetched()).rejects.toMatchObject({ code: 'input_changed' });
  expect(readdirSync(join(folder, 'cache', 'npm'))).toEqual([]);
});
