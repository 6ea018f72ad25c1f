import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { readImage } from './read-image';
import { metadata } from '../testing/parts';
import { type ImageParts, writeImage } from './write-image';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'eif-write-'))));
afterAll(() => rm(folder, { recursive: true }));

/** PCR = SHA384(48 zero bytes || SHA384(data)), computed only from the description of the format. */
function pcr(...parts: Uint8Array[]): string {
  const data = createHash('sha384').update(Buffer.concat(parts)).digest();
  return createHash('sha384')
    .update(Buffer.concat([Buffer.alloc(48), data]))
    .digest('hex');
}

const bytes = fc.uint8Array({ minLength: 1, maxLength: 3000 });
const parts = fc.record({
  kernel: bytes,
  cmdline: fc.string({ unit: 'grapheme-ascii', maxLength: 2047 }),
  ramdisks: fc.array(bytes, { minLength: 1, maxLength: 29 }),
  arch: fc.constantFrom('x86_64' as const, 'arm64' as const),
  defaultMemoryBytes: fc.maxSafeNat(),
  defaultCpus: fc.nat(64),
  metadata: fc.record({
    ...Object.fromEntries(
      Object.keys(metadata)
        .filter((key) => !key.endsWith('nfo') && key !== 'customMetadata')
        .map((key) => [key, fc.string({ maxLength: 40 })]),
    ),
    dockerInfo: fc.constantFrom(null, { Config: { Cmd: ['/app'] } }),
    customMetadata: fc.constantFrom(null, { commit: 'abc' }),
  }) as unknown as fc.Arbitrary<typeof metadata>,
});

describe('an image of writeImage', () => {
  it('is read back with the parts it was made from, and has the measurements of the published formula', async () => {
    const path = join(folder, 'property.eif');
    await fc.assert(
      fc.asyncProperty(parts, async (given: ImageParts & { kernel: Uint8Array; ramdisks: Uint8Array[] }) => {
        const written = await writeImage(given, path);
        const image = await readImage(path);
        const { kernel, cmdline, ramdisks, ...rest } = given;
        expect(image).toMatchObject({
          ...rest,
          cmdline,
          version: 4,
          signature: undefined,
          sizeBytes: written.sizeBytes,
        });
        const file = await readFile(path);
        const contents = image.sections.map(({ dataOffset, sizeBytes }) =>
          file.subarray(dataOffset, dataOffset + sizeBytes),
        );
        expect(image.sections.map(({ type }) => type)).toEqual([
          'kernel',
          'cmdline',
          'metadata',
          ...ramdisks.map(() => 'ramdisk'),
        ]);
        expect(Buffer.concat([contents[0]!, ...contents.slice(3)]).equals(Buffer.concat([kernel, ...ramdisks]))).toBe(
          true,
        );
        const line = Buffer.from(cmdline);
        const [first, ...others] = ramdisks;
        const expected = {
          pcr0: pcr(kernel, line, ...ramdisks),
          pcr1: pcr(kernel, line, first!),
          pcr2: pcr(...others),
        };
        expect(image.measurements).toEqual(expected);
        expect(written.measurements).toEqual(expected);
        expect(file.readUInt32BE(544)).toBe(crc32(Buffer.concat([file.subarray(0, 544), file.subarray(548)])));
      }),
      { numRuns: 60 },
    );
  });

  it('has the bytes that the format describes', async () => {
    const path = join(folder, 'layout.eif');
    await writeImage(
      { kernel: Uint8Array.of(1, 2, 3), cmdline: 'quiet', ramdisks: [Uint8Array.of(9)], metadata, arch: 'arm64' },
      path,
    );
    const file = await readFile(path);
    expect(file.subarray(0, 28).toString('hex')).toBe(
      '2e656966' + '0004' + '0001' + '0000000040000000' + '0000000000000002' + '0000' + '0004',
    );
    // The kernel's entry in both tables, and its section: type 1, no flags, 3 bytes.
    expect(file.readBigUInt64BE(28)).toBe(548n);
    expect(file.readBigUInt64BE(28 + 256)).toBe(3n);
    expect(file.subarray(548, 563).toString('hex')).toBe('0001' + '0000' + '0000000000000003' + '010203');
    expect(file.subarray(563, 580).toString('latin1')).toBe('\0\x02\0\0\0\0\0\0\0\0\0\x05quiet');
    expect(Object.keys(JSON.parse(file.subarray(592, -13).toString()) as object)).toEqual([
      'ImageName',
      'ImageVersion',
      'BuildMetadata',
      'DockerInfo',
      'CustomMetadata',
    ]);
    expect(file.subarray(-13).toString('hex')).toBe('0003' + '0000' + '0000000000000001' + '09');
  });

  it('takes parts from files, and writes the same bytes over any older file', async () => {
    const [kernel, ramdisk, path] = ['kernel', 'ramdisk', 'files.eif'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(kernel, Buffer.alloc(3_000_000, 'kernel'));
    await writeFile(ramdisk, Buffer.alloc(1_048_576, 'ramdisk'));
    const common = { cmdline: 'quiet', metadata, arch: 'x86_64' as const };
    await writeImage({ ...common, kernel: { path: kernel }, ramdisks: [{ path: ramdisk }] }, path);
    const first = await readFile(path);
    await writeImage(
      {
        ...common,
        kernel: new Uint8Array(await readFile(kernel)),
        ramdisks: [new Uint8Array(await readFile(ramdisk))],
      },
      path,
    );
    expect((await readFile(path)).equals(first)).toBe(true);
  });

  const good: ImageParts = {
    kernel: Uint8Array.of(1),
    cmdline: '',
    ramdisks: [Uint8Array.of(1)],
    metadata,
    arch: 'x86_64',
  };
  it.each<[string, Partial<ImageParts>]>([
    ['ERR_EIF_SECTION_EMPTY', { kernel: new Uint8Array() }],
    ['ERR_EIF_SECTION_EMPTY', { ramdisks: [Uint8Array.of(1), new Uint8Array()] }],
    ['ERR_EIF_SECTION_COUNT', { ramdisks: [] }],
    ['ERR_EIF_SECTION_COUNT', { ramdisks: Array.from({ length: 30 }, () => Uint8Array.of(1)) }],
    ['ERR_EIF_CMDLINE', { cmdline: 'a\0b' }],
    ['ERR_EIF_CMDLINE', { cmdline: 'a\n' }],
    ['ERR_EIF_CMDLINE', { cmdline: 'x'.repeat(2048) }],
    ['ERR_EIF_METADATA', { metadata: { ...metadata, customMetadata: 'x'.repeat(300_000) } }],
    ['ERR_EIF_METADATA', { metadata: { ...metadata, imageName: 7 as unknown as string } }],
    ['ERR_EIF_DEFAULTS', { defaultCpus: -1 }],
    ['ERR_EIF_DEFAULTS', { defaultMemoryBytes: 1.5 }],
    ['ERR_EIF_FILE', { kernel: { path: '/nowhere/kernel' } }],
    ['ERR_EIF_FILE', { ramdisks: [{ path: tmpdir() }] }],
  ])('cannot be made from wrong parts: %s', async (code, change) => {
    await expect(writeImage({ ...good, ...change }, join(folder, 'refused.eif'))).rejects.toMatchObject({ code });
    expect((await readdir(folder)).filter((name) => name.startsWith('refused'))).toEqual([]);
  });

  it('leaves an old file unchanged, and leaves no other file, if writing fails', async () => {
    const path = join(folder, 'old.eif');
    await writeFile(path, 'old');
    const changing = { path: join(folder, 'changing') };
    await writeFile(changing.path, Buffer.alloc(3_000_000));
    const onProgress = (done: number) => done > 2_000_000 && void writeFile(changing.path, '');
    await expect(
      writeImage({ ...good, ramdisks: [changing, changing, changing] }, path, { onProgress }),
    ).rejects.toMatchObject({ code: 'ERR_EIF_SOURCE_CHANGED' });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
  });
});
