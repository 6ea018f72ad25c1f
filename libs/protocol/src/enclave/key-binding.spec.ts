import { encodeCanonical } from '../encoding/cbor';
import { PROCESS_CUSTODY, decodeKeyBinding, encodeKeyBinding } from './key-binding';

const binding = { keyId: new Uint8Array(16).fill(1), receiptKey: new Uint8Array(32).fill(2), custody: PROCESS_CUSTODY };
const legacyKey = new Uint8Array(32).fill(3);

describe('the key binding', () => {
  it('comes back as it was, with a legacy key and without', () => {
    expect(decodeKeyBinding(encodeKeyBinding(binding))).toEqual(binding);
    expect(decodeKeyBinding(encodeKeyBinding(binding))).not.toHaveProperty('legacyKey');
    expect(decodeKeyBinding(encodeKeyBinding({ ...binding, legacyKey }))).toEqual({ ...binding, legacyKey });
  });

  it('fits into the 512 bytes of user_data with the longest custody', () => {
    const arn = 'arn:aws:kms:us-east-1:123456789012:alias/';
    const longest = { ...binding, custody: `${arn}${'a'.repeat(256)}`, legacyKey };
    expect(encodeKeyBinding(longest).length).toBeLessThanOrEqual(512);
    expect(decodeKeyBinding(encodeKeyBinding(longest))).toEqual(longest);
  });

  it.each<[string, object]>([
    ['a short legacy key', { legacy_key: new Uint8Array(31) }],
    ['a legacy key of another kind', { legacy_key: null }],
    ['a member that nobody knows', { other_key: new Uint8Array(32) }],
    ['another version', { v: 2 }],
  ])('with %s is refused', (_name, change) => {
    const map = { v: 1, key_id: binding.keyId, receipt_key: binding.receiptKey, custody: binding.custody, ...change };
    expect(() => decodeKeyBinding(encodeCanonical(map))).toThrow(
      expect.objectContaining({ code: 'malformed_body' }) as Error,
    );
  });
});
