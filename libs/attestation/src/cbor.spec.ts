import { encode, rfc8949EncodeOptions } from 'cborg';
import { decodeStrictCbor } from './cbor';

const decoded = (value: unknown) =>
  decodeStrictCbor(encode(value, rfc8949EncodeOptions), { indefiniteOuterMap: true }) as Map<unknown, unknown>;

describe('text in an attestation document', () => {
  it('keeps U+FEFF at the start of a field name, which makes it another name', () => {
    const names = [...decoded({ '\ufeffpcrs': 1, pcrs: 2 })];
    expect(new Map(names)).toEqual(
      new Map([
        ['\ufeffpcrs', 1],
        ['pcrs', 2],
      ]),
    );
  });

  it.each(['\ufeff', '\ufeffi-0123', `\ufeff${'x'.repeat(40)}`, `\ufeff${'x'.repeat(300)}`, '\u{1f5fd}'])(
    'is read unchanged: %j',
    (text) => {
      expect(decoded({ module_id: text }).get('module_id')).toBe(text);
    },
  );
});

describe('the keys of a map', () => {
  const read = (hex: string) => () => decodeStrictCbor(Buffer.from(hex, 'hex'), { indefiniteOuterMap: true });

  it.each([
    ['byte strings that repeat', 'a2' + '4161' + '01' + '4161' + '02'],
    ['arrays that repeat', 'a2' + '8101' + '01' + '8101' + '02'],
    ['a map', 'a1' + 'a0' + '01'],
    ['true', 'a1' + 'f5' + '01'],
    ['null', 'a1' + 'f6' + '01'],
  ])('are refused if they are %s', (_, hex) => {
    expect(read(hex)).toThrow(expect.objectContaining({ code: 'ERR_ATTESTATION_CBOR' }));
  });

  it.each([
    ['text', 'a2' + '6161' + '01' + '6161' + '02'],
    ['whole numbers', 'a2' + '20' + '01' + '20' + '02'],
    ['whole numbers beyond 2^53 - 1', 'a2' + '1b0020000000000000' + '01' + '1b0020000000000000' + '02'],
  ])('are refused if %s repeat', (_, hex) => {
    expect(read(hex)).toThrow(expect.objectContaining({ code: 'ERR_ATTESTATION_CBOR_DUPLICATE_KEY' }));
  });
});
