import { FIELD_MODULUS, isFieldElement } from './field-element';

const bytes = (value: bigint) => new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
const MAX_256_BITS = 2n ** 256n - 1n;

describe('a field element', () => {
  it.each([0n, 1n, 255n, 2n ** 128n, FIELD_MODULUS - 1n, FIELD_MODULUS - 2n ** 200n])('can be %s', (value) => {
    expect(isFieldElement(bytes(value))).toBe(true);
  });

  it.each([FIELD_MODULUS, FIELD_MODULUS + 1n, FIELD_MODULUS + 2n ** 200n, MAX_256_BITS])(
    'cannot be %s, because that is not below the modulus',
    (value) => {
      expect(isFieldElement(bytes(value))).toBe(false);
    },
  );

  it.each([0, 31, 33])('is not %i bytes long', (length) => {
    expect(isFieldElement(new Uint8Array(length))).toBe(false);
  });
});
