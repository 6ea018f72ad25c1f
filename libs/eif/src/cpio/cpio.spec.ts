import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readImage } from '../image/read-image';
import { metadata } from '../testing/parts';
import { seeded } from '../testing/raw-image';
import { writeImage } from '../image/write-image';
import type { CpioInput } from './entry';
import { type CpioEntry, readCpio, type ReadCpioOptions } from './read-cpio';
import { readRamdisk } from './read-ramdisk';
import { writeCpio } from './write-cpio';

const run = promisify(execFile);
let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'eif-cpio-'))));
afterAll(() => rm(folder, { recursive: true }));

const example: CpioInput[] = [
  { kind: 'directory', name: 'usr', mode: 0o755 },
  { kind: 'directory', name: 'usr/bin', mode: 0o755 },
  { kind: 'file', name: 'usr/bin/app', mode: 0o755, content: Buffer.from('#!/init') },
  { kind: 'file', name: 'init', mode: 0o755, content: Buffer.from('abc') },
  { kind: 'directory', name: 'dev', mode: 0o755 },
  { kind: 'characterDevice', name: 'dev/console', mode: 0o600, major: 5, minor: 1 },
  { kind: 'symlink', name: 'bin', target: 'usr/bin' },
  { kind: 'directory', name: 'tmp', mode: 0o1777 },
  { kind: 'file', name: 'empty', mode: 0o644, content: new Uint8Array() },
];

async function* cut(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}
async function list(bytes: Uint8Array, options?: ReadCpioOptions, size = 4096): Promise<CpioEntry[]> {
  const entries: CpioEntry[] = [];
  for await (const entry of readCpio(cut(bytes, size), options)) entries.push(entry);
  return entries;
}
async function archive(entries: readonly CpioInput[]): Promise<Buffer> {
  await writeCpio(entries, join(folder, 'archive'));
  return readFile(join(folder, 'archive'));
}

describe('an archive', () => {
  it('lists its entries in the order of their names, with owner root and time 0', async () => {
    const entries = await list(await archive(example));
    expect(entries.map(({ name }) => name)).toEqual([
      'bin',
      'dev',
      'dev/console',
      'empty',
      'init',
      'tmp',
      'usr',
      'usr/bin',
      'usr/bin/app',
    ]);
    for (const entry of entries) expect(entry).toMatchObject({ uid: 0, gid: 0, time: 0, links: 1 });
    expect(entries[0]).toMatchObject({ kind: 'symlink', mode: 0o777, target: 'usr/bin' });
    expect(entries[2]).toMatchObject({ kind: 'characterDevice', mode: 0o600, major: 5, minor: 1, sizeBytes: 0 });
    expect(entries[4]).toMatchObject({
      kind: 'file',
      mode: 0o755,
      sizeBytes: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    });
    expect(entries[5]).toMatchObject({ kind: 'directory', mode: 0o1777 });
    expect(
      entries.every(({ offset, endOffset }, i) => offset === (entries[i - 1]?.endOffset ?? 0) && endOffset > offset),
    ).toBe(true);
  });

  it('has the bytes of the newc format', async () => {
    const bytes = await archive([{ kind: 'file', name: 'init', mode: 0o755, content: Buffer.from('abc') }]);
    const numbers = [
      '00000001',
      '000081ed',
      '00000000',
      '00000000',
      '00000001',
      '00000000',
      '00000003',
      '00000000',
      '00000000',
      '00000000',
      '00000000',
      '00000005',
      '00000000',
    ];
    expect(bytes.subarray(0, 120).toString('latin1')).toBe(`070701${numbers.join('')}init\0\0abc\0`.slice(0, 120));
    expect(bytes.subarray(120, 126 + 104).toString('latin1')).toBe(
      `070701${['0', '0', '0', '0', '1', '0', '0', '0', '0', '0', '0', 'b', '0'].map((digit) => digit.padStart(8, '0')).join('')}`,
    );
    expect(bytes.length).toBe(512);
  });

  it('has the same bytes for the same entries in any order, and is read in pieces of any size', async () => {
    const bytes = await archive(example);
    const expected = await list(bytes);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(example, { minLength: example.length }),
        fc.integer({ min: 1, max: 700 }),
        async (entries, size) => {
          expect((await archive(entries)).equals(bytes)).toBe(true);
          expect(await list(bytes, undefined, size)).toEqual(expected);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is padded so that another archive can follow', async () => {
    expect((await archive(example)).length % 512).toBe(0);
  });

  it('takes contents from files', async () => {
    const path = join(folder, 'content');
    await writeFile(path, Buffer.alloc(2_500_001, 'x'));
    const fromFile = await archive([{ kind: 'file', name: 'a', mode: 0o644, content: { path } }]);
    const fromMemory = await archive([
      { kind: 'file', name: 'a', mode: 0o644, content: new Uint8Array(Buffer.alloc(2_500_001, 'x')) },
    ]);
    expect(fromFile.equals(fromMemory)).toBe(true);
  });

  const cpio = (process.env['PATH'] ?? '')
    .split(':')
    .map((directory) => join(directory, 'cpio'))
    .find(existsSync);
  (cpio === undefined ? it.skip : it)(
    `is read by cpio(1)${cpio === undefined ? ' (skipped: Debian\'s package "cpio" is not installed)' : ''}`,
    async () => {
      const path = join(folder, 'for-cpio');
      await writeCpio(example, path);
      const { stdout } = await run(
        'sh',
        ['-c', `"$0" --list --verbose --numeric-uid-gid --quiet < "$1"`, cpio ?? '', path],
        { env: { TZ: 'UTC', LC_ALL: 'C' } },
      );
      expect(stdout).toMatch(/^crw------- +1 0 +0 +5, +1 Jan +1 +1970 dev\/console$/m);
      expect(stdout).toMatch(/^lrwxrwxrwx .* bin -> usr\/bin$/m);
      const out = join(folder, 'out');
      await mkdir(out);
      // Only root can extract the character device, so it is left out.
      await writeCpio(
        example.filter(({ kind }) => kind !== 'characterDevice'),
        path,
      );
      await run('sh', ['-c', `cd "$1" && "$0" --extract --quiet < "$2"`, cpio ?? '', out, path]);
      expect(await readFile(join(out, 'usr/bin/app'), 'utf8')).toBe('#!/init');
    },
  );
});

describe('an entry that is not allowed', () => {
  it.each<[string, CpioInput]>([
    ['ERR_CPIO_NAME', { kind: 'directory', name: '/usr', mode: 0o755 }],
    ['ERR_CPIO_NAME', { kind: 'directory', name: 'usr/', mode: 0o755 }],
    ['ERR_CPIO_NAME', { kind: 'directory', name: 'usr/../etc', mode: 0o755 }],
    ['ERR_CPIO_NAME', { kind: 'directory', name: '.', mode: 0o755 }],
    ['ERR_CPIO_NAME', { kind: 'directory', name: '', mode: 0o755 }],
    ['ERR_CPIO_NAME', { kind: 'directory', name: 'a\0b', mode: 0o755 }],
    ['ERR_CPIO_NAME', { kind: 'directory', name: '\ud800', mode: 0o755 }],
    ['ERR_CPIO_NAME', { kind: 'directory', name: 'TRAILER!!!', mode: 0o755 }],
    ['ERR_CPIO_NAME', { kind: 'directory', name: 'x'.repeat(4096), mode: 0o755 }],
    ['ERR_CPIO_ENTRY', { kind: 'file', name: 'su', mode: 0o4755, content: new Uint8Array() }],
    ['ERR_CPIO_ENTRY', { kind: 'file', name: 'su', mode: 0o2755, content: new Uint8Array() }],
    ['ERR_CPIO_ENTRY', { kind: 'file', name: 'su', mode: 0o100644, content: new Uint8Array() }],
    ['ERR_CPIO_ENTRY', { kind: 'directory', name: 'x', mode: -1 }],
    ['ERR_CPIO_ENTRY', { kind: 'symlink', name: 'x', target: '' }],
    ['ERR_CPIO_ENTRY', { kind: 'symlink', name: 'x', target: 'a\0' }],
    ['ERR_CPIO_ENTRY', { kind: 'characterDevice', name: 'x', mode: 0o600, major: -1, minor: 1 }],
    ['ERR_CPIO_PARENT', { kind: 'directory', name: 'a/b', mode: 0o755 }],
    ['ERR_CPIO_PARENT', { kind: 'directory', name: 'init/b', mode: 0o755 }],
    ['ERR_CPIO_DUPLICATE', { kind: 'directory', name: 'init', mode: 0o755 }],
    ['ERR_EIF_FILE', { kind: 'file', name: 'x', mode: 0o644, content: { path: '/nowhere' } }],
  ])('is refused with %s: %j', async (code, entry) => {
    await expect(archive([...example, entry])).rejects.toMatchObject({ code });
  });
});

describe('an archive with one thing wrong', () => {
  const change = (at: number, text: string) => (bytes: Buffer) => {
    bytes.write(text, at, 'latin1');
    return bytes;
  };
  // The first entry is "bin", a link to "usr/bin": header 0 to 109, name to 113, target from 116 to 122.
  it.each<[string, string, (bytes: Buffer) => Buffer]>([
    ['ERR_CPIO_FORMAT', 'the old portable format', change(0, '070707')],
    ['ERR_CPIO_FORMAT', 'the format with checksums', change(0, '070702')],
    ['ERR_CPIO_FORMAT', 'a letter in place of a digit', change(20, 'g')],
    ['ERR_CPIO_FORMAT', 'a checksum', change(109, '1')],
    ['ERR_CPIO_FORMAT', 'a mode of more than 16 bits', change(14, '0001')],
    ['ERR_CPIO_FORMAT', 'padding after the name that is not zero', change(115, 'x')],
    ['ERR_CPIO_FORMAT', 'padding after the content that is not zero', change(123, 'x')],
    ['ERR_CPIO_FORMAT', 'a link with an empty target', change(54, '00000000')],
    ['ERR_CPIO_FORMAT', 'a folder with content', change(14, '000041ed')],
    ['ERR_CPIO_NAME', 'an empty name', change(94, '00000001')],
    ['ERR_CPIO_NAME', 'a name of 4 GiB', change(94, 'ffffffff')],
    ['ERR_CPIO_NAME', 'a name without a final NUL', change(113, 'x')],
    ['ERR_CPIO_NAME', 'a name with a NUL inside', change(111, '\0')],
    ['ERR_CPIO_NAME', 'a name outside the root', change(110, '..\0')],
    ['ERR_CPIO_NAME', 'an absolute name', change(110, '/in')],
    ['ERR_CPIO_NAME', 'a name that is not UTF-8', change(110, '\xff')],
    ['ERR_CPIO_DUPLICATE', 'a name that occurs twice', change(110, 'dev')],
    ['ERR_CPIO_FORMAT', 'a size smaller than the content', change(54, '00000003')],
    ['ERR_CPIO_TRUNCATED', 'a content of 4 GiB', (bytes) => change(14, '000081a4')(change(54, 'fffffff0')(bytes))],
    ['ERR_CPIO_TRUNCATED', 'no bytes', () => Buffer.alloc(0)],
    ['ERR_CPIO_TRUNCATED', 'no trailer', (bytes) => bytes.subarray(0, bytes.indexOf('TRAILER') - 110)],
    ['ERR_CPIO_TRUNCATED', 'half a trailer', (bytes) => bytes.subarray(0, bytes.indexOf('TRAILER') + 3)],
    ['ERR_CPIO_TRAILING', 'another archive after it', (bytes) => Buffer.concat([bytes, bytes])],
    ['ERR_CPIO_TRAILING', 'one byte after it', (bytes) => Buffer.concat([bytes, Buffer.from('x')])],
    ['ERR_CPIO_FORMAT', 'a trailer with content', (bytes) => change(bytes.indexOf('TRAILER') - 110 + 61, '1')(bytes)],
  ])('is refused with %s: %s', async (code, _what, edit) => {
    await expect(list(edit(await archive(example)))).rejects.toMatchObject({ code });
  });

  it('makes the reader throw only EifErrors', async () => {
    const bytes = await archive(example);
    const random = seeded(1);
    for (let i = 0; i < 300; i++) {
      const mutated = Buffer.from(bytes);
      mutated[random(bytes.length)]! ^= 1 << random(8);
      const entries = await list(mutated).catch((error: unknown) =>
        expect(error).toMatchObject({ name: 'EifError', code: expect.stringMatching(/^ERR_CPIO_/) as string }),
      );
      if (entries !== undefined) expect(entries.length).toBeLessThanOrEqual(example.length);
    }
  });

  it('is not read beyond the limits of size and entries', async () => {
    const bytes = await archive(example);
    await expect(list(bytes, { maxEntries: 8 })).rejects.toMatchObject({ code: 'ERR_CPIO_TOO_LARGE' });
    await expect(list(bytes, { maxBytes: 600 })).rejects.toMatchObject({ code: 'ERR_CPIO_TOO_LARGE' });
    expect(await list(bytes, { maxEntries: 9, maxBytes: bytes.length })).toHaveLength(9);
  });
});

describe('a ramdisk inside an image', () => {
  const parts = { kernel: Buffer.from('k'), cmdline: '', metadata, arch: 'x86_64' as const };
  async function read(...ramdisks: Uint8Array[]) {
    const path = join(folder, 'image.eif');
    await writeImage({ ...parts, ramdisks }, path);
    const names: string[][] = [];
    for (const section of (await readImage(path)).sections) {
      if (section.type !== 'ramdisk') continue;
      const of: string[] = [];
      for await (const { name } of readRamdisk(path, section, { maxBytes: 1_000_000 })) of.push(name);
      names.push(of);
    }
    return names;
  }

  it('is listed, compressed or not', async () => {
    const expected = (await list(await archive(example))).map(({ name }) => name);
    expect(await read(await archive(example), gzipSync(await archive(example)))).toEqual([expected, expected]);
  });

  it('is refused if it is damaged, cut off, or larger than the limit', async () => {
    const compressed = gzipSync(await archive(example));
    const damaged = Buffer.from(compressed);
    damaged[40]! ^= 0xff;
    await expect(read(damaged)).rejects.toMatchObject({ code: 'ERR_CPIO_GZIP' });
    await expect(read(compressed.subarray(0, -30))).rejects.toMatchObject({ code: 'ERR_CPIO_GZIP' });
    await expect(
      read(gzipSync(Buffer.concat([await archive(example), Buffer.alloc(50_000_000)]))),
    ).rejects.toMatchObject({ code: 'ERR_CPIO_TOO_LARGE' });
    await expect(read(Buffer.from('squashfs'))).rejects.toMatchObject({ code: 'ERR_CPIO_TRUNCATED' });
  });
});
