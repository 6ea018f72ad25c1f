import { closureOf, readPackage } from './debian-base';

const read = (text: string) => {
  const found = readPackage(text.split('\n'));
  if (found === undefined) throw new Error('not read');
  return found;
};

const base = read(
  'Package: base\nArchitecture: all\nEssential: yes\nPre-Depends: shell | other-shell, libc6 (>= 2.34)\nInstalled-Size: 10\nSize: 1000',
);
const libc = read('Package: libc6\nArchitecture: amd64\nPriority: optional\nInstalled-Size: 20\nSize: 2000');
const dash = read(
  'Package: dash\nArchitecture: amd64\nProvides: shell (= 1), sh\nDepends: libc6:any (>= 2)\nInstalled-Size: 30\nSize: 3000',
);
const editor = read(
  'Package: editor\nArchitecture: amd64\nPriority: optional\nDepends: libc6\nInstalled-Size: 40\nSize: 4000',
);

describe('the packages of a Debian base', () => {
  it('are the required packages and their dependencies, including alternatives and provided names', () => {
    expect(closureOf([base, libc, dash, editor], []).map(({ name }) => name)).toEqual(['base', 'dash', 'libc6']);
  });

  it('include the requested packages', () => {
    expect(closureOf([base, libc, dash, editor], ['editor'])).toContain(editor);
  });

  it('cannot be listed if the index lacks one of them', () => {
    expect(() => closureOf([base, libc], [])).toThrow('shell, other-shell');
    expect(() => closureOf([libc], ['apt'])).toThrow('no apt');
  });

  it('have their sizes, and packages of other architectures are ignored', () => {
    expect(dash).toMatchObject({ installedKiB: 30, packedBytes: 3000, required: false });
    expect(readPackage(['Package: libc6', 'Architecture: arm64'])).toBeUndefined();
  });
});
