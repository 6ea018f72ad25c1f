import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { CpioInput } from '../cpio/entry';
import { writeCpio } from '../cpio/write-cpio';
import { metadata } from '../testing/parts';
import { goodSections, kernel, rawImage } from '../testing/raw-image';
import { makeSigningKey } from '../testing/signing-key';
import { type ImageParts, writeImage } from '../image/write-image';
import { diffImages } from './diff-images';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'eif-diff-'))));
afterAll(() => rm(folder, { recursive: true }));

const file = (name: string, text: string, mode = 0o644): CpioInput => ({
  kind: 'file',
  name,
  mode,
  content: Buffer.from(text),
});
const init = [{ kind: 'directory', name: 'dev', mode: 0o755 } as const, file('init', 'start')];
const app = [file('a.js', 'let a;'), file('b.js', 'let b;'), file('c.js', 'let c;')];

async function image(
  name: string,
  change: { init?: CpioInput[]; app?: CpioInput[]; compression?: 'none' | 'gzip' } & Partial<ImageParts> = {},
): Promise<string> {
  const path = join(folder, name);
  const { compression = 'none', init: first = init, app: second = app, ...parts } = change;
  for (const [entries, end] of [
    [first, 'init'],
    [second, 'app'],
  ] as const) {
    await writeCpio(entries, `${path}.${end}`);
    if (compression === 'gzip') await writeFile(`${path}.${end}`, gzipSync(await readFile(`${path}.${end}`)));
  }
  await writeImage(
    {
      kernel: Buffer.from('kernel'),
      cmdline: 'quiet',
      ramdisks: [{ path: `${path}.init` }, { path: `${path}.app` }],
      metadata,
      arch: 'x86_64',
      ...parts,
    },
    path,
  );
  return path;
}

describe('two images', () => {
  it('are the same if every byte is the same', async () => {
    expect(await diffImages(await image('a'), await image('b'))).toMatchObject({ firstByte: undefined, sections: [] });
  });

  it.each(['none', 'gzip'] as const)(
    'differ in entries that were added, removed and changed (compression: %s)',
    async (compression) => {
      const other = [file('a.js', 'let a;'), file('b.js', 'let B;', 0o755), file('d.js', 'let d;')];
      const { firstByte, sections } = await diffImages(
        await image('a', { compression }),
        await image('b', { app: other, compression }),
      );
      expect(firstByte).toMatchObject({
        where: expect.stringMatching(/^header, (checksum|table of offsets|table of sizes)$/) as string,
      });
      expect(sections).toHaveLength(1);
      expect(sections[0]).toMatchObject({ section: 'ramdisk 2', change: 'changed', entry: 'b.js' });
      expect(sections[0]!.entries?.map(({ name, change, properties }) => [name, change, properties])).toEqual([
        ['b.js', 'changed', ['mode', 'sha256']],
        ['c.js', 'removed', []],
        ['d.js', 'added', []],
      ]);
    },
  );

  it('differ only in form if an archive has the same entries in another order or compression', async () => {
    const { sections } = await diffImages(await image('a'), await image('b', { compression: 'gzip' }));
    expect(sections.map(({ section, entries }) => [section, entries])).toEqual([
      ['ramdisk 1', []],
      ['ramdisk 2', []],
    ]);
  });

  it('differ in sections that only one of them has', async () => {
    const [a, b] = [await image('a'), await image('b', { signing: await makeSigningKey() })];
    expect((await diffImages(a, b)).sections).toMatchObject([
      { section: 'signature', change: 'added', sizeBytesA: undefined },
    ]);
    expect((await diffImages(b, a)).sections).toMatchObject([
      { section: 'signature', change: 'removed', sizeBytesB: undefined },
    ]);
  });

  it('differ at a byte whose place is reported', async () => {
    const base = await image('a');
    const places: [string, string][] = [
      [await image('b', { arch: 'arm64' }), 'header, flags'],
      [await image('c', { defaultCpus: 3 }), 'header, default CPUs'],
      [await image('d', { kernel: Buffer.from('kernels') }), 'header, table of offsets'],
    ];
    for (const [path, where] of places) expect((await diffImages(base, path)).firstByte?.where).toBe(where);
    const [one, two] = await collidingImages();
    expect(await diffImages(one, two)).toMatchObject({
      firstByte: { offset: 560, where: 'kernel, byte 0' },
      sections: [{ section: 'kernel', offset: 0 }],
    });
  });

  it('are compared only by sections if an archive cannot be read, and the reason is reported', async () => {
    const [a, b] = [await image('a'), await image('b', { ramdisks: [Buffer.from('squashfs'), Buffer.from('x')] })];
    expect((await diffImages(a, b)).sections[0]).toMatchObject({
      section: 'ramdisk 1',
      entries: undefined,
      unreadable: expect.stringContaining('archive') as string,
    });
  });

  it('are refused if one of them is not complete', async () => {
    const path = await image('a');
    const broken = join(folder, 'broken');
    await writeFile(broken, (await readFile(path)).subarray(0, -1));
    await expect(diffImages(path, broken)).rejects.toMatchObject({ code: 'ERR_EIF_TRUNCATED' });
    await expect(diffImages(broken, path)).rejects.toMatchObject({ code: 'ERR_EIF_TRUNCATED' });
    await expect(diffImages(path, join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'ERR_EIF_FILE' });
  });
});

/**
 * Returns two images with the same checksum: the CRC is linear, so adding a multiple of its polynomial to the kernel does not
 * change the checksum.
 */
async function collidingImages(): Promise<[string, string]> {
  const [one, two] = [Buffer.from('0123456789'), Buffer.from('0123456789')];
  // CRC-32 is reflected: the polynomial's highest power is the lowest bit of byte 0.
  const polynomial = (0x1_04c1_1db7).toString(2).split('').map(Number);
  polynomial.forEach((bit, i) => (two[i >> 3]! ^= bit << (i & 7)));
  const paths: [string, string] = [join(folder, 'one'), join(folder, 'two')];
  for (const [i, data] of [one, two].entries()) {
    await writeFile(paths[i]!, rawImage([{ type: kernel, data }, ...goodSections().slice(1)]));
  }
  return paths;
}
