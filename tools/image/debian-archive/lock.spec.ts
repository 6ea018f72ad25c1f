import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { imageLockSchema } from '../prebuilt/record';
import { group, parseLock, source, type Lock } from './lock';

const root = join(__dirname, '..', '..', '..');
const file = { path: 'pool/main/a/a/a_1_amd64.deb', bytes: 3, sha256: 'a'.repeat(64) };
const entry = { name: 'a-package', version: '1', architecture: 'amd64', suite: 'bookworm', ...file };
const lock = (change: object = {}) =>
  JSON.stringify({ $comment: '', lockedOn: '2026-11-22', groups: { g: [{ ...entry, ...change }] }, sources: {} });

describe('a lock file', () => {
  it.each(['image/image.lock.json', 'tools/image/emulator/emulator.lock.json'])(
    'of this repository (%s) pins every input by version and hash',
    (path) => {
      const text = readFileSync(join(root, path), 'utf8');
      const parsed = path.startsWith('image/') ? parseLock(text, path, imageLockSchema) : parseLock(text, path);
      const packages = Object.values(parsed.groups).flat();
      expect(packages.length).toBeGreaterThan(50);
      expect(JSON.stringify(parsed)).not.toMatch(/https?:/);
    },
  );

  it('returns its groups and sources, and names a missing one in the error', () => {
    const parsed: Lock = parseLock(lock(), 'a.lock');
    expect(group(parsed, 'g')).toHaveLength(1);
    expect(() => group(parsed, 'other')).toThrow('other');
    expect(() => source(parsed, 'qemu')).toThrow('qemu');
  });

  it.each([
    ['a path out of the archive', { path: 'pool/../../etc/passwd' }],
    ['an address', { path: 'http://example.test/pool/main/a.deb' }],
    ['a short hash', { sha256: 'abc' }],
    ['a package without a version', { version: '' }],
    ['a name with an option in it', { name: '--reinstall' }],
    ['an unknown field', { url: 'x' }],
  ])('with %s is refused', (_what, change) => {
    expect(() => parseLock(lock(change), 'a.lock')).toThrow(expect.objectContaining({ code: 'lock_invalid' }) as Error);
  });

  it('that is not JSON is refused', () => {
    expect(() => parseLock('{', 'a.lock')).toThrow('a.lock is not JSON');
  });
});
