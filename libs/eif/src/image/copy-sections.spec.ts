import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metadata } from '../testing/parts';
import { copySections } from './copy-sections';
import { readImage } from './read-image';
import { writeImage } from './write-image';

let folder: string;
const file = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eif-copy-'));
  const ramdisks = [Buffer.alloc(3 << 20, 'init'), Buffer.from('app')];
  await writeImage(
    { kernel: Buffer.from('kernel'), cmdline: 'quiet', ramdisks, metadata, arch: 'x86_64' },
    file('eif'),
  );
});
afterEach(() => rm(folder, { recursive: true }));

const ramdisksOf = async () => (await readImage(file('eif'))).sections.filter(({ type }) => type === 'ramdisk');

describe('copySections', () => {
  it('writes sections one after the other, also sections larger than a chunk', async () => {
    await copySections(file('eif'), await ramdisksOf(), file('copy'));
    expect(
      (await readFile(file('copy'))).equals(Buffer.concat([Buffer.alloc(3 << 20, 'init'), Buffer.from('app')])),
    ).toBe(true);
  });

  it('rejects an image that was cut off after it was read, and leaves no file', async () => {
    const ramdisks = await ramdisksOf();
    await truncate(file('eif'), 1 << 20);
    await expect(copySections(file('eif'), ramdisks, file('copy'))).rejects.toMatchObject({
      code: 'ERR_EIF_SOURCE_CHANGED',
    });
    expect(await readdir(folder)).toEqual(['eif']);
  });
});
