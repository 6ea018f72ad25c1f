import { installedWith, type Lockfile } from './installed-packages';

const entry = (changes: Partial<Lockfile[string]> = {}): Lockfile[string] => ({
  dependencies: {},
  optionalDependencies: {},
  peerDependencies: {},
  peerDependenciesMeta: {},
  ...changes,
});
const lockfile: Lockfile = {
  'node_modules/a': entry({
    dependencies: { '@x/b': '1', c: '1' },
    optionalDependencies: { 'a-linux': '1', 'a-other': '1' },
  }),
  'node_modules/@x/b': entry({ dependencies: { c: '2' } }),
  'node_modules/@x/b/node_modules/c': entry(),
  'node_modules/c': entry({ peerDependencies: { p: '1', q: '1' }, peerDependenciesMeta: { q: { optional: true } } }),
  'node_modules/p': entry(),
  'node_modules/q': entry(),
  'node_modules/a-linux': entry(),
  'node_modules/a-other': entry(),
};

it('lists each dependency in the nearest node_modules, the peers, and the optional dependencies that are installed', () => {
  expect(installedWith(['node_modules/a'], lockfile, (place) => place === 'node_modules/a-linux')).toEqual([
    'node_modules/@x/b',
    'node_modules/@x/b/node_modules/c',
    'node_modules/a',
    'node_modules/a-linux',
    'node_modules/c',
    'node_modules/p',
  ]);
});

it('fails if a package is not in the lockfile', () => {
  expect(() => installedWith(['node_modules/z'], lockfile, () => true)).toThrow('node_modules/z');
  expect(() =>
    installedWith(['node_modules/a'], { 'node_modules/a': entry({ dependencies: { gone: '1' } }) }, () => true),
  ).toThrow('gone');
});
