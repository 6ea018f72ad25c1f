import { FIELD_MODULUS, fieldFromHex, fieldToHex, isFieldElement } from './field-element';

const hex = (value: bigint) => value.toString(16).padStart(64, '0');
const bytes = (value: bigint) => new Uint8Array(Buffer.from(hex(value), 'hex'));
const MAX_256_BITS = 2n ** 256n - 1n;

describe('a field element', () => {
  it.each([0n, 1n, 255n, 2n ** 128n, FIELD_MODULUS - 1n, FIELD_MODULUS - 2n ** 200n])('%s has one form', (value) => {
    expect(isFieldElement(bytes(value))).toBe(true);
    expect(fieldToHex(bytes(value))).toBe(hex(value));
    expect(fieldFromHex(hex(value))).toEqual(bytes(value));
  });

  it.each([FIELD_MODULUS, FIELD_MODULUS + 1n, FIELD_MODULUS + 2n ** 200n, MAX_256_BITS])(
    'is below the modulus, and %s is refused',
    (value) => {
      expect(isFieldElement(bytes(value))).toBe(false);
      for (const read of [() => fieldToHex(bytes(value)), () => fieldFromHex(hex(value))])
        expect(read).toThrow(expect.objectContaining({ code: 'malformed_body' }));
    },
  );

  it.each([
    '',
    '0',
    '0'.repeat(63),
    '0'.repeat(65),
    `0x${'0'.repeat(62)}`,
    'AB'.repeat(32),
    `${'0'.repeat(63)}\n`,
    '0'.repeat(63) + ' ',
  ])('is not read from %j', (text) => {
    expect(() => fieldFromHex(text)).toThrow(expect.objectContaining({ code: 'malformed_body' }));
  });

  it.each([0, 31, 33])('is not %i bytes long', (length) => {
    expect(isFieldElement(new Uint8Array(length))).toBe(false);
  });
});
