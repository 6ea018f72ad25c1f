import { crc32 } from 'node:zlib';
import { sectionTypes } from '../format/sections';
import { metadata } from './parts';

/** A section with a numeric type, so that a test can also write types that do not exist. */
export interface RawSection {
  type: number;
  data: Uint8Array;
  flags?: number;
}

export const rawMetadata = Buffer.from(
  JSON.stringify({
    ImageName: metadata.imageName,
    ImageVersion: metadata.imageVersion,
    BuildMetadata: {
      BuildTime: 't',
      BuildTool: 'b',
      BuildToolVersion: '1',
      OperatingSystem: 'Linux',
      KernelVersion: '6',
    },
    DockerInfo: {},
  }),
);

export const { kernel, cmdline, ramdisk, signature, metadata: metadataType } = sectionTypes;

export const goodSections = (): RawSection[] => [
  { type: kernel, data: Buffer.from('kernel') },
  { type: cmdline, data: Buffer.from('console=ttyS0') },
  { type: metadataType, data: rawMetadata },
  { type: ramdisk, data: Buffer.from('first ramdisk') },
  { type: ramdisk, data: Buffer.from('second ramdisk') },
];

/**
 * Builds an image from the description of the format, without this library's writer. The checksum is computed after `edit` has changed
 * the image.
 */
export function rawImage(
  sections: readonly RawSection[],
  edit: (image: Buffer) => Buffer | undefined = () => undefined,
  version = 4,
): Buffer {
  const header = Buffer.alloc(548);
  header.write('.eif', 'latin1');
  header.writeUInt16BE(version, 4);
  header.writeBigUInt64BE(1n << 30n, 8);
  header.writeBigUInt64BE(2n, 16);
  header.writeUInt16BE(sections.length, 26);
  let offset = 548;
  const written = sections.map(({ type, data, flags = 0 }, i) => {
    if (i < 32) {
      header.writeBigUInt64BE(BigInt(offset), 28 + 8 * i);
      header.writeBigUInt64BE(BigInt(data.length), 284 + 8 * i);
    }
    offset += 12 + data.length;
    const head = Buffer.alloc(12);
    head.writeUInt16BE(type, 0);
    head.writeUInt16BE(flags, 2);
    head.writeBigUInt64BE(BigInt(data.length), 4);
    return Buffer.concat([head, data]);
  });
  const image = Buffer.concat([header, ...written]);
  return withCrc(edit(image) ?? image);
}

/** Returns the image with these bytes inserted before section `at`, and with the table of offsets adjusted. */
export function withGap(image: Buffer, at: number, gap: Buffer): Buffer {
  const place = Number(image.readBigUInt64BE(28 + 8 * at));
  const wider = Buffer.concat([image.subarray(0, place), gap, image.subarray(place)]);
  for (let i = at; i < wider.readUInt16BE(26); i++)
    wider.writeBigUInt64BE(image.readBigUInt64BE(28 + 8 * i) + BigInt(gap.length), 28 + 8 * i);
  return withCrc(wider);
}

export function withCrc(image: Buffer): Buffer {
  if (image.length >= 548) image.writeUInt32BE(crc32(image.subarray(548), crc32(image.subarray(0, 544))), 544);
  return image;
}

/** Returns a function that returns numbers from 0 to below `limit`, the same on every run (mulberry32). */
export function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}
