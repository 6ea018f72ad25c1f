import { encodeCanonical } from '../encoding/cbor';
import { MAX_CUSTODY_CHARACTERS, PROCESS_CUSTODY, decodeKeyBinding, encodeKeyBinding } from './key-binding';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const binding = {
  keyId: bytes(16, 1),
  receiptKey: bytes(32, 2),
  custody: PROCESS_CUSTODY,
  configSha256: bytes(32, 4),
};
const legacyKey = bytes(32, 3);
const items = [2, binding.keyId, binding.receiptKey, binding.custody, binding.configSha256, null];

describe('the key binding', () => {
  it('is unchanged after encoding and decoding, with and without a legacy key', () => {
    expect(decodeKeyBinding(encodeKeyBinding(binding))).toEqual({ kind: 'binding', binding });
    expect(decodeKeyBinding(encodeKeyBinding({ ...binding, legacyKey }))).toEqual({
      kind: 'binding',
      binding: { ...binding, legacyKey },
    });
    expect(encodeKeyBinding(binding)).toEqual(encodeCanonical(items));
  });

  it('fits into the 512 bytes of user_data with the longest custody', () => {
    const longestPartition = `arn:aws${'-x'.repeat(200)}`;
    const end = `:kms:us-east-1:123456789012:alias/${'a'.repeat(256)}`;
    const custody = longestPartition.slice(0, MAX_CUSTODY_CHARACTERS - end.length) + end;
    expect(custody).toHaveLength(380);
    const longest = { ...binding, custody, legacyKey };
    expect(encodeKeyBinding(longest)).toHaveLength(504);
    expect(decodeKeyBinding(encodeKeyBinding(longest))).toEqual({ kind: 'binding', binding: longest });
  });

  it.each<[string, unknown]>([
    ['a short key id', items.with(1, bytes(15, 1))],
    ['a short receipt key', items.with(2, bytes(31, 1))],
    ['an unknown custody', items.with(3, 'somebody')],
    ['an ARN of 381 characters', items.with(3, `arn:aws:kms:us-east-1:123456789012:alias/${'a'.repeat(340)}`)],
    ['no hash of a configuration', items.with(4, null)],
    ['a short hash of a configuration', items.with(4, bytes(31, 1))],
    ['a short legacy key', items.with(5, bytes(31, 1))],
    ['one item too few', items.slice(0, 5)],
    ['one item too many', [...items, null]],
    ['a map that is no binding', { v: 2 }],
    ['an empty list', []],
    ['text', 'a binding'],
  ])('with %s is invalid', (_name, value) => {
    expect(decodeKeyBinding(encodeCanonical(value))).toEqual({ kind: 'invalid' });
  });

  it.each<[string, Uint8Array]>([
    ['no bytes', new Uint8Array()],
    ['an encoding with bytes after its end', Uint8Array.of(...encodeKeyBinding(binding), 0)],
    ['more than 512 bytes', encodeCanonical([...items, bytes(512, 0)])],
    // The version number 2, written in two bytes
    [
      'another encoding of the version number',
      Uint8Array.of(0x86, 0x18, 0x02, ...encodeKeyBinding(binding).subarray(2)),
    ],
  ])('of %s is invalid', (_name, encoded) => {
    expect(decodeKeyBinding(encoded)).toEqual({ kind: 'invalid' });
  });

  it('of version 1 or of a later version is reported as another version', () => {
    const first = { v: 1, key_id: binding.keyId, receipt_key: binding.receiptKey, custody: binding.custody };
    expect(decodeKeyBinding(encodeCanonical(first))).toEqual({ kind: 'other_version', version: 1 });
    expect(decodeKeyBinding(encodeCanonical([3, 'anything']))).toEqual({ kind: 'other_version', version: 3 });
  });
});
