import {
  FIELD_MODULUS,
  fieldFromBigInt,
  fieldFromHash,
  fieldFromHex,
  fieldToBigInt,
  fieldToHex,
  isField,
  randomField,
} from './field';

const P = FIELD_MODULUS.toString(16).padStart(64, '0');

describe('a field element', () => {
  it('has one form: 32 bytes, or 64 lower-case hex digits', () => {
    for (const value of [0n, 1n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 253n, FIELD_MODULUS - 1n]) {
      const field = fieldFromBigInt(value);
      expect(field).toHaveLength(32);
      expect(fieldToBigInt(field)).toBe(value);
      expect(fieldToHex(field)).toBe(value.toString(16).padStart(64, '0'));
      expect(fieldFromHex(fieldToHex(field))).toEqual(field);
    }
  });

  it.each([
    ['the modulus', P],
    ['a value above the modulus', 'f'.repeat(64)],
    ['upper case', `${'0'.repeat(63)}A`],
    ['63 digits', '0'.repeat(63)],
    ['65 digits', '0'.repeat(65)],
    ['a prefix', `0x${'0'.repeat(62)}`],
    ['a sign', `-${'0'.repeat(63)}`],
    ['white space', ` ${'0'.repeat(63)}`],
    ['a trailing line break', `${'0'.repeat(64)}\n`],
    ['an empty text', ''],
  ])('refuses %s', (_, hex) => {
    expect(() => fieldFromHex(hex)).toThrow(expect.objectContaining({ code: 'ERR_RESIDENCE_FIELD' }));
  });

  it('refuses bytes of another length, and a value that is not below the modulus', () => {
    const modulus = Uint8Array.from({ length: 32 }, (_, at) => Number.parseInt(P.slice(2 * at, 2 * at + 2), 16));
    for (const bytes of [
      new Uint8Array(31),
      new Uint8Array(33),
      new Uint8Array(0),
      modulus,
      new Uint8Array(32).fill(255),
    ]) {
      expect(isField(bytes)).toBe(false);
      expect(() => fieldToBigInt(bytes)).toThrow(expect.objectContaining({ code: 'ERR_RESIDENCE_FIELD' }));
      expect(() => fieldToHex(bytes)).toThrow(expect.objectContaining({ code: 'ERR_RESIDENCE_FIELD' }));
    }
    for (const value of [-1n, FIELD_MODULUS]) expect(() => fieldFromBigInt(value)).toThrow(/not a field element/);
  });

  it('reads a view into a larger buffer', () => {
    const buffer = new Uint8Array(40).fill(255);
    buffer.set(fieldFromBigInt(7n), 4);
    expect(fieldToBigInt(buffer.subarray(4, 36))).toBe(7n);
  });

  it('is drawn at random from the whole field, and is never 0', () => {
    const drawn = Array.from({ length: 400 }, () => fieldToBigInt(randomField()));
    expect(new Set(drawn).size).toBe(400);
    expect(drawn.some((value) => value > FIELD_MODULUS / 2n)).toBe(true);
    expect(drawn.every((value) => value > 0n && value < FIELD_MODULUS)).toBe(true);
  });

  it('that is made from a hash has the first 31 bytes of the hash', () => {
    const hash = new Uint8Array(32).fill(255);
    expect(fieldToHex(fieldFromHash(hash))).toBe(`00${'ff'.repeat(31)}`);
    expect(() => fieldFromHash(new Uint8Array(31))).toThrow(/not a field element/);
  });
});
