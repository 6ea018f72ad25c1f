import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isSealed, seal } from './seal';

let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'seal-'));
  mkdirSync(join(folder, 'lib'));
  writeFileSync(join(folder, 'lib', 'libc.so.6'), 'bytes');
  symlinkSync('libc.so.6', join(folder, 'lib', 'libc.so'));
  await seal(folder);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('accepts an unchanged folder', async () => {
  expect(await isSealed(folder)).toBe(true);
  expect(await isSealed(join(folder, 'absent'))).toBe(false);
});

it.each<[string, () => void]>([
  ['a changed byte', () => writeFileSync(join(folder, 'lib', 'libc.so.6'), 'bytez')],
  ['a deleted file', () => rmSync(join(folder, 'lib', 'libc.so.6'))],
  ['an added file', () => writeFileSync(join(folder, 'lib', 'more'), '')],
  [
    'another target of a link',
    () => {
      rmSync(join(folder, 'lib', 'libc.so'));
      symlinkSync('/lib/libc.so.6', join(folder, 'lib', 'libc.so'));
    },
  ],
  ['a deleted seal', () => rmSync(join(folder, '.sha256'))],
])('removes a folder after this change: %s', async (_what, change) => {
  change();
  expect(await isSealed(folder)).toBe(false);
  expect(existsSync(folder)).toBe(false);
});
