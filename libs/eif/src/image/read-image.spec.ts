import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EifError, type EifErrorCode, eifErrorCodes } from '../errors';
import { prepareSigner } from '../sign/signer';
import {
  cmdline,
  goodSections,
  kernel,
  metadataType,
  ramdisk,
  rawImage,
  rawMetadata,
  type RawSection,
  seeded,
  signature,
  withCrc,
  withGap,
} from '../testing/raw-image';
import { makeSigningKey } from '../testing/signing-key';
import { readRamdisk } from '../cpio/read-ramdisk';
import { describeImage, readImage } from './read-image';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'eif-read-'))));
afterAll(() => rm(folder, { recursive: true }));

async function read(image: Uint8Array) {
  const path = join(folder, 'image.eif');
  await writeFile(path, image);
  return readImage(path);
}

/** Returns the code with which an image is refused; undefined if it is accepted. Any other error than an EifError fails the test. */
async function refusal(image: Uint8Array): Promise<EifErrorCode | undefined> {
  try {
    await read(image);
    return undefined;
  } catch (error) {
    if (!(error instanceof EifError)) throw error;
    expect(eifErrorCodes).toContain(error.code);
    return error.code;
  }
}

const u16 = (at: number, value: number) => (image: Buffer) => void image.writeUInt16BE(value, at);
const u64 = (at: number, value: bigint) => (image: Buffer) => void image.writeBigUInt64BE(value, at);
const offsetAt = (i: number) => 28 + 8 * i;
const sizeAt = (i: number) => 284 + 8 * i;
const without = (...types: number[]) => goodSections().filter(({ type }) => !types.includes(type));
const with_ = (type: number, data: Uint8Array | string) =>
  goodSections().map((section) => (section.type === type ? { ...section, data: Buffer.from(data) } : section));
const meta = (change: object) =>
  with_(metadataType, JSON.stringify({ ...(JSON.parse(rawMetadata.toString()) as object), ...change }));

describe('an image that another tool wrote', () => {
  it('is read if its metadata section comes after the ramdisks and has no custom metadata', async () => {
    const [k, c, m, ...rest] = goodSections() as [RawSection, RawSection, RawSection, ...RawSection[]];
    const image = await read(rawImage([k, c, ...rest, m]));
    expect(image).toMatchObject({
      version: 4,
      arch: 'x86_64',
      cmdline: 'console=ttyS0',
      metadata: { imageName: 'test', customMetadata: null },
    });
    expect(image.measurements).toEqual((await read(rawImage(goodSections()))).measurements);
  });

  it('is read in version 3, which has no metadata', async () => {
    expect(await read(rawImage(without(metadataType), undefined, 3))).toMatchObject({
      version: 3,
      metadata: undefined,
    });
    expect(await refusal(rawImage(goodSections(), undefined, 3))).toBe('ERR_EIF_SECTION_TYPE');
  });

  it('with one ramdisk has the same PCR2 as every public image with one ramdisk', async () => {
    const image = await read(rawImage(goodSections().slice(0, 4)));
    // nitro-cli prints this for every public image with one ramdisk, such as the images of tkhq/qos and MystenLabs/nautilus.
    expect(image.measurements.pcr2).toBe(
      '21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a',
    );
    expect(image.measurements.pcr1).toBe(image.measurements.pcr0);
  });
});

describe('an image of a form that boots on Nitro', () => {
  const measurementsOf = async (sections: readonly RawSection[]) => (await read(rawImage(sections))).measurements;

  it('may have an empty ramdisk, which does not change a measurement', async () => {
    const [k, c, m] = goodSections() as [RawSection, RawSection, RawSection];
    const empty = { type: ramdisk, data: Buffer.alloc(0) };
    const { measurements, sections } = await read(rawImage([k, c, empty, m]));
    expect(sections[2]).toMatchObject({ type: 'ramdisk', sizeBytes: 0 });
    expect(measurements.pcr1).toBe(measurements.pcr0);
    expect(await measurementsOf([k, c, m, ...goodSections().slice(3), empty])).toEqual(
      await measurementsOf(goodSections()),
    );
    const entries: unknown[] = [];
    for await (const entry of readRamdisk(join(folder, 'image.eif'), { ...sections[2]!, sizeBytes: 0 }))
      entries.push(entry);
    expect(entries).toEqual([]);
  });

  it('may have 64 bytes after the header, as in an experiment of AWS', async () => {
    const image = await read(withGap(rawImage(goodSections()), 0, Buffer.alloc(64)));
    expect(image.gaps).toEqual([{ offset: 548, sizeBytes: 64 }]);
    expect(image.measurements).toEqual(await measurementsOf(goodSections()));
  });

  it('may have bytes between sections, which are in the checksum and in no measurement', async () => {
    const gapped = withGap(rawImage(goodSections()), 4, Buffer.from('anything'));
    const image = await read(gapped);
    expect(image.gaps).toEqual([{ offset: image.sections[4]!.dataOffset - 12 - 8, sizeBytes: 8 }]);
    expect(image.measurements).toEqual(await measurementsOf(goodSections()));
    gapped[image.gaps[0]!.offset]! ^= 1;
    expect(await refusal(gapped)).toBe('ERR_EIF_CRC');
  });

  it('may have a NUL at the end of its command line, which is measured', async () => {
    const image = await read(rawImage(with_(cmdline, 'quiet\0')));
    expect(image.cmdline).toBe('quiet\0');
    expect(image.measurements.pcr0).not.toBe((await measurementsOf(with_(cmdline, 'quiet'))).pcr0);
  });

  it.each([0x40, 0x240, 0x340, 0x241])('is described but not measured if it has the PCIe flags %d', async (flags) => {
    await writeFile(join(folder, 'pcie.eif'), rawImage(goodSections(), u16(6, flags)));
    expect(await describeImage(join(folder, 'pcie.eif'))).toMatchObject({
      pcie: true,
      arch: flags === 0x241 ? 'arm64' : 'x86_64',
      cmdline: 'console=ttyS0',
      measurements: undefined,
    });
  });

  it('has a PCR8 even if it has flags for PCIe', async () => {
    const signer = prepareSigner(await makeSigningKey());
    const section = { type: signature, data: signer.sign('ab'.repeat(48)) };
    await writeFile(join(folder, 'pcie.eif'), rawImage([...goodSections(), section], u16(6, 0x240)));
    expect(await describeImage(join(folder, 'pcie.eif'))).toMatchObject({
      measurements: undefined,
      signature: { pcr8: signer.pcr8, pcr0: 'ab'.repeat(48) },
    });
  });
});

describe('an image with one fault and a matching checksum', () => {
  it.each<[EifErrorCode, string, () => Buffer]>([
    ['ERR_EIF_TRUNCATED', 'no bytes', () => Buffer.alloc(0)],
    ['ERR_EIF_TRUNCATED', 'half a header', () => rawImage(goodSections()).subarray(0, 300)],
    ['ERR_EIF_MAGIC', 'a short text', () => Buffer.from('hello')],
    ['ERR_EIF_MAGIC', 'a wrong magic', () => rawImage(goodSections(), (i) => void i.write('.EIF'))],
    ['ERR_EIF_VERSION', 'version 5', () => rawImage(goodSections(), u16(4, 5))],
    ['ERR_EIF_VERSION', 'version 2', () => rawImage(goodSections(), u16(4, 2))],
    ['ERR_EIF_FLAGS', 'an unknown flag', () => rawImage(goodSections(), u16(6, 2))],
    ['ERR_EIF_DEFAULTS', 'a huge default memory', () => rawImage(goodSections(), u64(8, 1n << 60n))],
    ['ERR_EIF_DEFAULTS', 'a huge default number of CPUs', () => rawImage(goodSections(), u64(16, 1n << 60n))],
    ['ERR_EIF_RESERVED', 'a reserved field that is not 0', () => rawImage(goodSections(), u16(24, 1))],
    [
      'ERR_EIF_RESERVED',
      'an unused field that is not 0',
      () => rawImage(goodSections(), (i) => void i.writeUInt32BE(1, 540)),
    ],
    ['ERR_EIF_RESERVED', 'an unused offset that is not 0', () => rawImage(goodSections(), u64(offsetAt(31), 1n))],
    ['ERR_EIF_RESERVED', 'an unused size that is not 0', () => rawImage(goodSections(), u64(sizeAt(5), 1n))],
    ['ERR_EIF_SECTION_COUNT', 'no section', () => rawImage([])],
    [
      'ERR_EIF_SECTION_COUNT',
      '33 sections',
      () =>
        rawImage([...goodSections(), ...Array.from({ length: 28 }, () => ({ type: ramdisk, data: Buffer.from('x') }))]),
    ],
    ['ERR_EIF_RESERVED', 'one section more than the header counts', () => rawImage(goodSections(), u16(26, 4))],
    ['ERR_EIF_OVERLAP', 'one section fewer than the header counts', () => rawImage(goodSections(), u16(26, 6))],
    ['ERR_EIF_OVERLAP', 'the first section in the header', () => rawImage(goodSections(), u64(offsetAt(0), 540n))],
    ['ERR_EIF_OVERLAP', 'two sections at one place', () => rawImage(goodSections(), u64(offsetAt(4), 548n))],
    [
      'ERR_EIF_SECTION_TYPE',
      'an offset into a section header',
      () => rawImage(goodSections(), (i) => u64(offsetAt(4), i.readBigUInt64BE(offsetAt(4)) + 1n)(i)),
    ],
    ['ERR_EIF_PCIE', 'the flag for a PCIe bus', () => rawImage(goodSections(), u16(6, 0x40))],
    ['ERR_EIF_PCIE', 'the flags of Bottlerocket', () => rawImage(goodSections(), u16(6, 0x240))],
    ['ERR_EIF_FLAGS', 'a flag for PCIe without the bus', () => rawImage(goodSections(), u16(6, 0x200))],
    ['ERR_EIF_FLAGS', 'another flag beside those for PCIe', () => rawImage(goodSections(), u16(6, 0x248))],
    ['ERR_EIF_TRUNCATED', 'a section beyond the end', () => rawImage(goodSections(), u64(offsetAt(4), 1_000_000n))],
    [
      'ERR_EIF_TRUNCATED',
      'an offset of 2^64 - 1',
      () => rawImage(goodSections(), u64(offsetAt(4), 0xffff_ffff_ffff_ffffn)),
    ],
    [
      'ERR_EIF_TRUNCATED',
      'a size that wraps around',
      () => rawImage(goodSections(), u64(sizeAt(4), 0xffff_ffff_ffff_fff0n)),
    ],
    ['ERR_EIF_TRUNCATED', 'a size of 2^53 - 1', () => rawImage(goodSections(), u64(sizeAt(4), (1n << 53n) - 1n))],
    ['ERR_EIF_TRUNCATED', 'the last byte cut off', () => rawImage(goodSections(), (i) => i.subarray(0, -1))],
    ['ERR_EIF_TRUNCATED', 'only the header', () => rawImage(goodSections(), (i) => i.subarray(0, 548))],
    ['ERR_EIF_TRUNCATED', 'a section header cut off', () => rawImage(goodSections(), (i) => i.subarray(0, 552))],
    [
      'ERR_EIF_TRAILING',
      'a byte behind the end',
      () => rawImage(goodSections(), (i) => Buffer.concat([i, Buffer.alloc(1)])),
    ],
    [
      'ERR_EIF_SECTION_SIZE',
      'a size in the section that differs from the table',
      () => rawImage(goodSections(), u64(552, 7n)),
    ],
    [
      'ERR_EIF_SECTION_SIZE',
      'a size in the table that differs from the section',
      () => rawImage(goodSections(), u64(sizeAt(0), 5n)),
    ],
    ['ERR_EIF_SECTION_TYPE', 'type 0', () => rawImage([...goodSections(), { type: 0, data: Buffer.from('x') }])],
    ['ERR_EIF_SECTION_TYPE', 'type 6', () => rawImage([...goodSections(), { type: 6, data: Buffer.from('x') }])],
    ['ERR_EIF_SECTION_FLAGS', 'a section with a flag', () => rawImage(goodSections().map((s) => ({ ...s, flags: 1 })))],
    ['ERR_EIF_SECTION_EMPTY', 'an empty kernel', () => rawImage(with_(kernel, ''))],
    ['ERR_EIF_SECTION_TOO_LARGE', 'a long command line', () => rawImage(with_(cmdline, 'x'.repeat(2048)))],
    ['ERR_EIF_SECTION_TOO_LARGE', 'long metadata', () => rawImage(with_(metadataType, 'x'.repeat(262_145)))],
    [
      'ERR_EIF_SECTION_TOO_LARGE',
      'a long signature',
      () => rawImage([...goodSections(), { type: signature, data: Buffer.alloc(32_769) }]),
    ],
    [
      'ERR_EIF_SECTION_ORDER',
      'the command line first',
      () => rawImage([goodSections()[1]!, goodSections()[0]!, ...goodSections().slice(2)]),
    ],
    [
      'ERR_EIF_SECTION_ORDER',
      'a ramdisk before the command line',
      () => rawImage([goodSections()[0]!, goodSections()[3]!, ...goodSections().slice(1)]),
    ],
    [
      'ERR_EIF_SECTION_ORDER',
      'metadata before the command line',
      () => rawImage([goodSections()[0]!, goodSections()[2]!, goodSections()[1]!, ...goodSections().slice(3)]),
    ],
    ['ERR_EIF_SECTION_DUPLICATE', 'two kernels', () => rawImage([goodSections()[0]!, ...goodSections()])],
    ['ERR_EIF_SECTION_DUPLICATE', 'two command lines', () => rawImage([...goodSections(), goodSections()[1]!])],
    ['ERR_EIF_SECTION_DUPLICATE', 'metadata twice', () => rawImage([...goodSections(), goodSections()[2]!])],
    ['ERR_EIF_SECTION_MISSING', 'no kernel', () => rawImage(without(kernel))],
    ['ERR_EIF_SECTION_MISSING', 'no command line', () => rawImage(without(cmdline))],
    ['ERR_EIF_SECTION_MISSING', 'no metadata', () => rawImage(without(metadataType))],
    [
      'ERR_EIF_SECTION_MISSING',
      'no ramdisk',
      () => rawImage([...without(ramdisk), { type: signature, data: Buffer.from('x') }]),
    ],
    ['ERR_EIF_CMDLINE', 'a NUL in the command line', () => rawImage(with_(cmdline, 'a\0b'))],
    ['ERR_EIF_CMDLINE', 'two NULs at the end of the command line', () => rawImage(with_(cmdline, 'a\0\0'))],
    ['ERR_EIF_CMDLINE', 'a command line that is not UTF-8', () => rawImage(with_(cmdline, Uint8Array.of(0xff)))],
    ['ERR_EIF_METADATA', 'metadata that is not JSON', () => rawImage(with_(metadataType, '{'))],
    [
      'ERR_EIF_METADATA',
      'metadata that is not UTF-8',
      () => rawImage(with_(metadataType, Uint8Array.of(0x22, 0xff, 0x22))),
    ],
    ['ERR_EIF_METADATA', 'metadata that is a list', () => rawImage(with_(metadataType, '[]'))],
    ['ERR_EIF_METADATA', 'a name that is a number', () => rawImage(meta({ ImageName: 1 }))],
    ['ERR_EIF_METADATA', 'no build metadata', () => rawImage(meta({ BuildMetadata: undefined }))],
    ['ERR_EIF_METADATA', 'half of the build metadata', () => rawImage(meta({ BuildMetadata: { BuildTime: 't' } }))],
    ['ERR_EIF_METADATA', 'no Docker information', () => rawImage(meta({ DockerInfo: undefined }))],
    [
      'ERR_EIF_METADATA',
      'metadata nested 100,000 deep',
      () =>
        rawImage(
          with_(
            metadataType,
            rawMetadata
              .toString()
              .replace('"DockerInfo":{}', `"DockerInfo":${'['.repeat(100_000)}${']'.repeat(100_000)}`),
          ),
        ),
    ],
    [
      'ERR_EIF_SIGNATURE_FORMAT',
      'a signature that is plain text',
      () => rawImage([...goodSections(), { type: signature, data: Buffer.from('signed') }]),
    ],
  ])('is refused with %s: %s', async (code, _what, make) => {
    expect(await refusal(make())).toBe(code);
  });
});

describe('a mutated image', () => {
  let images: Buffer[];
  beforeAll(async () => {
    const signer = prepareSigner(await makeSigningKey());
    const { measurements } = await read(rawImage(goodSections()));
    images = [
      rawImage(goodSections()),
      rawImage([...goodSections(), { type: signature, data: signer.sign(measurements.pcr0) }]),
    ];
    for (const image of images) expect(await refusal(image)).toBeUndefined();
  });

  it('is refused after any single change', async () => {
    const random = seeded(20261122);
    const codes = new Set<string>();
    for (let i = 0; i < 600; i++) {
      const image = images[i % 2]!;
      const mutated = mutate(image, random);
      if (mutated.equals(image)) continue;
      const code = await refusal(mutated);
      if (code === undefined) throw new Error(`mutation ${i} was taken`);
      codes.add(code);
    }
    expect(codes.size).toBeGreaterThan(5);
  });

  it('is refused if its structure is changed, even if the checksum matches', async () => {
    const random = seeded(4);
    const image = images[0]!;
    const heads = Array.from({ length: 5 }, (_, i) => Number(image.readBigUInt64BE(offsetAt(i))));
    // The magic to the flags (without the architecture), the fields from "reserved" to "unused", and the sections' own headers
    const places = [[0, 7], [24, 544], ...heads.map((head) => [head, head + 12])].flatMap(([from = 0, to = 0]) =>
      Array.from({ length: to - from }, (_, i) => from + i),
    );
    for (let i = 0; i < 300; i++) {
      const mutated = Buffer.from(image);
      const at = places[random(places.length)]!;
      mutated[at] = mutated[at]! ^ (1 << random(8));
      const code = await refusal(withCrc(mutated));
      if (code === undefined || code === 'ERR_EIF_CRC') throw new Error(`byte ${at}: ${code ?? 'taken'}`);
    }
  });

  it('is refused if a measured byte or the signature is changed, even if the checksum matches', async () => {
    const random = seeded(8);
    const image = images[1]!;
    const { sections } = await read(image);
    const places = sections.flatMap(({ type, dataOffset, sizeBytes }) => {
      if (type === 'metadata') return [];
      // This leaves out the certificate, because only PCR8 reveals a changed certificate.
      const from = type === 'signature' ? dataOffset + image.subarray(dataOffset).indexOf('signature', 22) : dataOffset;
      return Array.from({ length: dataOffset + sizeBytes - from }, (_, i) => from + i);
    });
    for (let i = 0; i < 300; i++) {
      const mutated = Buffer.from(image);
      const at = places[random(places.length)]!;
      mutated[at] = mutated[at]! ^ (1 << random(8));
      const code = await refusal(withCrc(mutated));
      if (code === undefined || code === 'ERR_EIF_CRC') throw new Error(`byte ${at}: ${code ?? 'taken'}`);
    }
  });
});

function mutate(image: Buffer, random: (limit: number) => number): Buffer {
  const at = random(image.length);
  const length = 1 + random(Math.min(64, image.length - at));
  const noise = () => Buffer.from(Array.from({ length }, () => random(256)));
  const [before, part, after] = [image.subarray(0, at), image.subarray(at, at + length), image.subarray(at + length)];
  switch (random(6)) {
    case 0:
      return Buffer.concat([before, Buffer.from([image[at]! ^ (1 << random(8))]), image.subarray(at + 1)]);
    case 1:
      return Buffer.concat([before, noise(), after]);
    case 2:
      return Buffer.concat([before, after]);
    case 3:
      return Buffer.concat([before, noise(), part, after]);
    case 4:
      return Buffer.concat([before, part, part, after]);
    default:
      return Buffer.from(before);
  }
}
