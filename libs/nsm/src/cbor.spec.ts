import { encode, rfc8949EncodeOptions } from 'cborg';
import fc from 'fast-check';
import { decodeCbor, encodeCbor } from './cbor';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const canonical = (value: unknown) => hex(encode(value, rfc8949EncodeOptions));

const integers = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.constantFrom(0, -1, 23, 24, -24, -25, 255, 256, -256, -257, 65_535, 65_536, -65_536, -65_537),
  fc.constantFrom(2 ** 32 - 1, 2 ** 32, -(2 ** 32), -(2 ** 32) - 1, 2 ** 33, 2 ** 53 - 1, 1 - 2 ** 53),
  fc.constantFrom(5n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n)),
);
const texts = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary', maxLength: 400 }).filter((text) => text.isWellFormed()),
  fc
    .tuple(fc.constantFrom('a', 'é', '€', '😀'), fc.constantFrom(0, 7, 8, 23, 24, 63, 64, 85, 86, 255, 256, 21_845))
    .map(([unit, times]) => unit.repeat(times)),
);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom(23, 24, 255, 256, 65_535, 65_536).map((length) => new Uint8Array(length).fill(7)),
);
const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    integers,
    texts,
    bytes,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 30 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 30 }),
    fc.array(fc.tuple(fc.oneof(fc.integer(), fc.string()), tie('value'))).map((entries) => new Map(entries)),
  ),
})).value;

describe('encodeCbor', () => {
  it('writes the same bytes as cborg in canonical form', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(hex(encodeCbor(value))).toBe(canonical(value));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['2^33, which cbor-x writes as a float', 2 ** 33, '1b0000000200000000'],
    ['5n, which cbor-x writes in nine bytes', 5n, '05'],
    ['keys that are not in order', { bb: 2, a: 1, 10: 0 }, 'a361610162313000626262' + '02'],
    [
      'keys of two types',
      new Map<unknown, unknown>([
        ['a', 1],
        [-1, 2],
        [100, 3],
      ]),
      'a3186403200261' + '6101',
    ],
    ['bytes without a tag', Buffer.from([1, 2]), '420102'],
  ])('writes %s in its only form', (_what, value, expected) => {
    expect(hex(encodeCbor(value))).toBe(expected);
    expect(canonical(value)).toBe(expected);
  });

  it.each([
    ['a float', 1.5],
    ['not a number', Number.NaN],
    ['infinity', Infinity],
    ['a negative zero', -0],
    ['an integer that a float cannot hold exactly', 2 ** 53],
    ['an integer of 65 bits', 2n ** 64n],
    ['a negative integer that cbor-x writes as tagged bytes', -(2n ** 63n) - 1n],
    ['undefined', undefined],
    ['undefined in a map', { a: undefined }],
    ['half a surrogate pair', '\ud800'],
    ['a date', new Date(0)],
    ['a set', new Set([1])],
    ['a function', () => 1],
    ['a key that is an array', new Map([[[1], 1]])],
    ['numbers of two bytes', new Uint16Array(1)],
  ])('refuses %s', (_what, value) => {
    expect(() => encodeCbor(value)).toThrow(TypeError);
  });

  it('refuses a value that contains itself', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => encodeCbor(circle)).toThrow(/nested deeper/);
  });

  it('returns a separate buffer, which the caller may zero', () => {
    const first = encodeCbor('secret');
    expect([first.byteOffset, first.buffer.byteLength]).toEqual([0, first.length]);
    encodeCbor('another');
    expect(hex(first)).toBe(canonical('secret'));
  });
});

describe('decodeCbor', () => {
  it('reads the output of encodeCbor, with maps as Maps', () => {
    expect(decodeCbor(encodeCbor({ a: [1, new Uint8Array([2])] }))).toEqual(new Map([['a', [1, new Uint8Array([2])]]]));
  });

  it.each([
    ['a key twice', 'a2616101616102'],
    ['bytes after its end', '0101'],
    ['no bytes', ''],
    ['an item that is cut', '4401'],
  ])('refuses %s', (_what, text) => {
    expect(() => decodeCbor(Buffer.from(text, 'hex'))).toThrow();
  });
});
