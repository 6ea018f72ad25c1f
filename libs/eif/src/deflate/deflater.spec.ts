import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { seeded } from '../testing/raw-image';
import { Deflater, segmentBytes } from './deflater';
import { huffman } from './huffman';

function deflate(bytes: Uint8Array): Buffer {
  const deflater = new Deflater();
  const out: Uint8Array[] = [];
  let at = 0;
  for (; bytes.length - at >= segmentBytes; at += segmentBytes) out.push(deflater.compress(bytes.subarray(at, at + segmentBytes), false));
  out.push(deflater.compress(bytes.subarray(at), true));
  return Buffer.concat(out);
}

/** Words of a small language, some random bytes, some runs: all kinds of blocks. */
function sample(length: number, seed: number): Buffer {
  const random = seeded(seed);
  const words = Array.from({ length: 300 }, () => Buffer.from(Array.from({ length: 2 + random(9) }, () => 97 + random(26))));
  const out = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const kind = random(200);
    const piece = kind === 0 ? Buffer.from(Array.from({ length: 3000 }, () => random(256))) : kind === 1 ? Buffer.alloc(random(70_000), random(256)) : words[random(300)]!;
    at += piece.copy(out, at) || 1;
  }
  return out;
}

describe('compressed data', () => {
  it.each([0, 1, 2, 3, 257, 258, 259, 32_768, 65_535, 65_536, segmentBytes - 1, segmentBytes, segmentBytes + 1, 2 * segmentBytes + 12_345])('of %i bytes is what it was', (length) => {
    const bytes = sample(length, length);
    expect(inflateRawSync(deflate(bytes)).equals(bytes)).toBe(true);
  });

  it.each([
    ['one byte, over and over', (length: number) => Buffer.alloc(length, 7)],
    ['noise', (length: number) => Buffer.from(createNoise(length))],
    ['the longest distance there is', (length: number) => Buffer.from(Array.from({ length }, (_, i) => createNoise(32_768)[i % 32_768]!))],
    ['one byte further than that', (length: number) => Buffer.from(Array.from({ length }, (_, i) => createNoise(32_769)[i % 32_769]!))],
  ])('of %s is what it was', (_what, make) => {
    const bytes = make(100_000);
    expect(inflateRawSync(deflate(bytes)).equals(bytes)).toBe(true);
  });

  it('is what it was, whatever it was', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(80)), { maxLength: 40 }), (pieces) => {
        const bytes = Buffer.concat(pieces.flatMap(([piece, times]) => Array.from({ length: times }, () => piece)));
        expect(inflateRawSync(deflate(bytes)).equals(bytes)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('is about as small as zlib makes it, and never much larger than it was', () => {
    const bytes = sample(2_000_000, 1);
    expect(deflate(bytes).length).toBeLessThan(deflateRawSync(bytes, { level: 6 }).length * 1.03);
    const noise = createNoise(1_000_000);
    expect(deflate(noise).length).toBeLessThan(noise.length + 5 * 64);
  });

  it('has the same bytes on every machine', () => {
    // Written down once. Where this fails, images that were compressed before cannot be rebuilt any more.
    expect(createHash('sha256').update(deflate(sample(1_500_000, 3))).digest('hex')).toBe('7ac25dd37618ebc8237b76be6e5561e8c9abefe6672d3e4e45aaf7946fb7ef63');
  });
});

describe('a prefix code', () => {
  it.each([7, 15])('has no code longer than %i and wastes nothing', (most) => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 }), fc.maxSafeNat().map((n) => n % 0xffff_ffff)), { minLength: 2, maxLength: most === 7 ? 19 : 286 }), (frequencies) => {
        const { lengths } = huffman(Uint32Array.from(frequencies), most);
        expect(Math.max(...lengths)).toBeLessThanOrEqual(most);
        frequencies.forEach((frequency, symbol) => frequency > 0 && expect(lengths[symbol]).toBeGreaterThan(0));
        expect(lengths.reduce((sum, length) => sum + (length === 0 ? 0 : 2 ** -length), 0)).toBe(1);
      }),
    );
  });

  it('keeps the bound where frequencies grow as Fibonacci\'s numbers do', () => {
    const frequencies = new Uint32Array(40).fill(1);
    for (let i = 2; i < 40; i++) frequencies[i] = frequencies[i - 1]! + frequencies[i - 2]!;
    const { lengths } = huffman(frequencies, 15);
    expect(Math.max(...lengths)).toBe(15);
    expect(lengths.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
  });
});

const noises = new Map<number, Buffer>();
function createNoise(length: number): Buffer {
  const random = seeded(length);
  const noise = noises.get(length) ?? Buffer.from(Array.from({ length }, () => random(256)));
  noises.set(length, noise);
  return noise;
}
