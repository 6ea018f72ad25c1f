import { appRamdisk, bootRamdisk } from './contents';

const contents = {
  init: '/b/init',
  node: '/n/node',
  libraries: [
    { path: 'lib64/ld-linux-x86-64.so.2', file: '/l/ld' },
    { path: 'lib/x86_64-linux-gnu/libc.so.6', file: '/l/libc' },
  ],
  bundle: '/a/main.js',
  koffi: '/k/koffi.node',
  configuration: new Uint8Array([123, 125]),
};

describe('the content of the image', () => {
  const entries = [...bootRamdisk(contents), ...appRamdisk(contents)];
  const files = entries.filter(({ kind }) => kind === 'file').map(({ name }) => name);

  it('is only init, Node with its libraries, the app and its configuration, without a shell or package manager', () => {
    const beside = files.filter((name) => name !== 'usr/bin/node' && !name.startsWith('lib'));
    expect(beside).toEqual(['init', 'app/main.js', 'app/koffi.node', 'etc/communique-tee/enclave.json']);
  });

  it('is writable for no user', () => {
    for (const entry of entries)
      if ('mode' in entry && entry.kind !== 'characterDevice') expect(entry.mode & 0o222).toBe(0);
  });

  it('includes every folder above a file', () => {
    const folders = new Set(entries.filter(({ kind }) => kind === 'directory').map(({ name }) => name));
    for (const name of files) {
      const parent = name.slice(0, Math.max(name.lastIndexOf('/'), 0));
      if (parent !== '') expect(folders.has(parent)).toBe(true);
    }
  });
});
