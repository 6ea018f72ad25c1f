import { encode, rfc8949EncodeOptions } from 'cborg';
import { decodeStrictCbor } from './cbor';

const decoded = (value: unknown) =>
  decodeStrictCbor(encode(value, rfc8949EncodeOptions), { indefiniteOuterMap: true }) as Map<unknown, unknown>;

describe('text in an attestation document', () => {
  it('keeps U+FEFF at the start of a field name, so that it is another name', () => {
    const names = [...decoded({ '\ufeffpcrs': 1, pcrs: 2 })];
    expect(new Map(names)).toEqual(
      new Map([
        ['\ufeffpcrs', 1],
        ['pcrs', 2],
      ]),
    );
  });

  it.each(['\ufeff', '\ufeffi-0123', `\ufeff${'x'.repeat(40)}`, `\ufeff${'x'.repeat(300)}`, '\u{1f5fd}'])(
    'is read as it was written: %j',
    (text) => {
      expect(decoded({ module_id: text }).get('module_id')).toBe(text);
    },
  );
});
