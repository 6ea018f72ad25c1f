import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import fc from 'fast-check';
import { fromHex, toHex } from './text';
import { decodeStrict, encodeCanonical } from './cbor';

const read = (hex: string) => decodeStrict(fromHex(hex), 1000);

describe('canonical CBOR', () => {
  it('sorts keys by their encoded bytes and takes the shortest forms (RFC 8949 section 4.2.1)', () => {
    expect(toHex(encodeCanonical({ b: 1, aa: 24, a: 256 }))).toBe(
      'a3' + '6161' + '190100' + '6162' + '01' + '626161' + '1818',
    );
  });

  it('reads the value that was encoded', () => {
    const value = { text: 'ä', bytes: Uint8Array.of(1, 2), list: [1, -1, null, true], number: 4_000_000_000 };
    expect(decodeStrict(encodeCanonical(value), 1000)).toEqual(value);
  });

  it('reads a member called __proto__ like any other', () => {
    const value = read('a1' + '695f5f70726f746f5f5f' + 'a1616101') as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.hasOwn(value, '__proto__')).toBe(true);
  });

  it.each([
    ['an integer not in its shortest form', '1817'],
    ['a length not in its shortest form', '5801ff'],
    ['an indefinite-length array', '9f01ff'],
    ['an indefinite-length map', 'bf616101ff'],
    ['an indefinite-length string', '7f6161ff'],
    ['indefinite-length bytes', '5f4101ff'],
    ['a repeated key', 'a2616101616102'],
    ['a key that is not text', 'a10102'],
    ['a tag', 'c074323031332d30332d32315432303a30343a30305a'],
    ['undefined', 'f7'],
    ['NaN', 'f97e00'],
    ['infinity', 'f97c00'],
    ['the number 1 as a half float', 'f93c00'],
    ['the number 1 as a float', 'fa3f800000'],
    ['the number 1 as a double', 'fb3ff0000000000000'],
    ['bytes after the end', '0101'],
    ['an array that is cut off', '8201'],
    ['a byte string that is cut off', '5903e8'],
    ['a break alone', 'ff'],
    ['a reserved length', '1c'],
    ['no bytes', ''],
    ['text that is not UTF-8', '62c328'],
    ['an array of 2^32-1 items', '9affffffff'],
    ['an array of 2^53 items', '9b0020000000000000'],
    ['a map of 2^31 entries', 'ba80000000'],
    ['nine nested levels', '818181818181818181' + '01'],
  ])('refuses %s', (_name, hex) => {
    expect(() => read(hex)).toThrow(expect.objectContaining({ code: 'malformed_body' }));
  });

  it('reads eight nested levels, and refuses deep nesting before the stack overflows', () => {
    expect(read('8181818181818181' + '01')).toBeDefined();
    expect(() => decodeStrict(new Uint8Array(200_000).fill(0x81), 300_000)).toThrow(
      expect.objectContaining({ code: 'malformed_body' }),
    );
  });

  it('refuses more than 4096 items, and more bytes than the caller allows', () => {
    expect(() => decodeStrict(encodeCanonical(new Array(4096).fill(0)), 10_000)).toThrow(
      expect.objectContaining({ code: 'malformed_body' }),
    );
    expect(() => decodeStrict(new Uint8Array(1001), 1000)).toThrow(expect.objectContaining({ code: 'body_too_large' }));
  });

  it('keeps U+FEFF at the start of text and of keys, short and long', () => {
    for (const text of ['\ufeff', '\ufeffa', `\ufeff${'x'.repeat(40)}`, `\ufeff${'x'.repeat(300)}`])
      expect(decodeStrict(encodeCanonical({ [text]: text }), 1000)).toEqual({ [text]: text });
  });

  it.each([
    ['2^53', '1b0020000000000000'],
    ['-2^53', '3b001fffffffffffff'],
    ['a simple value', 'f8ff'],
    ['a map of maps nested nine deep', `${'a16161'.repeat(9)}01`],
  ])('refuses %s', (_name, hex) => {
    expect(() => read(hex)).toThrow(expect.objectContaining({ code: 'malformed_body' }));
  });

  it.each([1.5, NaN, -0, 2 ** 53, 1n, undefined, () => 1, { member: undefined }])('does not write %p', (value) => {
    expect(() => encodeCanonical(value)).toThrow(TypeError);
  });

  it.each([
    ['a Map', new Map([['a', 1]])],
    ['a Set', new Set([1])],
    ['a Date', new Date(0)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['numbers of two bytes', Uint16Array.of(1)],
    ['a lone surrogate', 'a\ud800'],
    ['a lone surrogate in a key', { 'a\udc00': 1 }],
    ['lists nested nine deep', [[[[[[[[[1]]]]]]]]]],
    ['maps nested nine deep', { a: { a: { a: { a: { a: { a: { a: { a: { a: 1 } } } } } } } } }],
  ])('does not write %s, which would change or be lost when read back', (_name, value) => {
    expect(() => encodeCanonical(value)).toThrow(TypeError);
    expect(() => encodeCanonical({ member: value })).toThrow(TypeError);
  });

  it('writes the deepest nesting that it reads, and objects without a prototype', () => {
    const deepest = [[[[[[[[1]]]]]]]];
    expect(decodeStrict(encodeCanonical(deepest), 100)).toEqual(deepest);
    expect(encodeCanonical(Object.assign(Object.create(null) as object, { a: 1 }))).toEqual(encodeCanonical({ a: 1 }));
  });

  const anyMessage = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 5 },
      fc.constantFrom(null, true, false),
      fc.maxSafeInteger(),
      fc.integer({ min: -300, max: 70_000 }),
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array({ maxLength: 400 }),
      fc.array(tie('value'), { maxLength: 30 }),
      fc.dictionary(fc.string({ unit: 'binary', maxLength: 30 }), tie('value'), { maxKeys: 30, noNullPrototype: true }),
    ),
  })).value;

  it('writes the same bytes as a general codec in its deterministic form, and reads them back', () => {
    fc.assert(
      fc.property(anyMessage, (value) => {
        const bytes = encodeCanonical(value);
        expect(toHex(bytes)).toBe(toHex(encode(value, rfc8949EncodeOptions)));
        expect(decodeStrict(bytes, 1_000_000)).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses changed bytes whenever a strict general codec refuses them', () => {
    const changed = fc.tuple(anyMessage, fc.nat(), fc.nat({ max: 255 }), fc.integer({ min: -2, max: 2 }));
    fc.assert(
      fc.property(changed, ([value, place, byte, longer]) => {
        const bytes = encodeCanonical(value);
        const other = new Uint8Array(Math.max(0, bytes.length + longer));
        other.set(bytes.subarray(0, other.length));
        if (other.length > 0) other[place % other.length] = byte;
        let read: unknown;
        try {
          read = decodeStrict(other, 1_000_000);
        } catch {
          return;
        }
        expect(read).toEqual(decode(other, { strict: true, allowIndefinite: false, rejectDuplicateMapKeys: true }));
        expect(toHex(encodeCanonical(read))).toBe(toHex(sortedAgain(other)));
      }),
      { numRuns: 1000 },
    );
  });

  it('encodes the value that it read to the same bytes again', () => {
    const value = fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(value, (object) => {
        const bytes = encodeCanonical(object);
        expect(toHex(encodeCanonical(decodeStrict(bytes, 100_000)))).toBe(toHex(bytes));
      }),
    );
  });
});

/** Encodes again with sorted keys. Keys may be in any order; everything else has only one form. */
function sortedAgain(bytes: Uint8Array): Uint8Array {
  return encode(decode(bytes), rfc8949EncodeOptions);
}
