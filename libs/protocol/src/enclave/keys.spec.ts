import { encodeCanonical } from '../encoding/cbor';
import { LIMITS } from '../limits';
import {
  decodeKeyOffer,
  decodeKeyStatus,
  encodeKeyOffer,
  encodeKeyStatus,
  MAX_KEY_OFFER_BYTES,
  MAX_OFFERED_KEYS,
  type KeyOffer,
  type KeyStatus,
} from './key-exchange';
import {
  decodeSealedKey,
  decodeSealedKeyMaker,
  encodeSealedKey,
  encodeSealedKeyMaker,
  MAX_SEALED_KEY_BYTES,
  sealedKeyAssociatedData,
  type SealedKeyRecord,
} from './sealed-key';

const ALIAS = 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-test-enclave';
const bytes = (length: number, fill = 7) => new Uint8Array(length).fill(fill);
const record = (): SealedKeyRecord => ({
  core: {
    v: 1,
    key_id: bytes(16),
    epoch: 1,
    custody: ALIAS,
    pcr0: bytes(48),
    created: 1000,
    rotate_after: 2000,
    destroy_after: 3000,
    public_key: bytes(32),
    receipt_key: bytes(32),
    data_key: bytes(180),
  },
  maker: bytes(4000),
  nonce: bytes(24),
  sealed: bytes(48),
});
const offer = (): KeyOffer => ({
  credentials: { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'x'.repeat(40), session_token: null, expires: 1000 },
  records: [encodeSealedKey(record())],
  revoked: [bytes(16)],
  secrets: { 'cwc-house': bytes(200) },
});
const status = (): KeyStatus => ({
  custody: ALIAS,
  state: 'ready',
  wants: { credentials: true, secrets: ['cwc-house'] },
  current: bytes(16),
  held: [bytes(16)],
  proposal: null,
  refused: [{ key_id: null, code: 'malformed' }],
  refused_secrets: [{ name: 'cwc-house', code: 'kms_denied' }],
  kms: null,
});
const code = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return 'taken';
};

describe('a key record', () => {
  it('is unchanged after encoding and decoding, and is encoded to the same bytes again', () => {
    expect(decodeSealedKey(encodeSealedKey(record()))).toEqual(record());
    expect(encodeSealedKey(decodeSealedKey(encodeSealedKey(record())))).toEqual(encodeSealedKey(record()));
  });

  it.each<[string, (value: SealedKeyRecord) => unknown]>([
    ['another version', (value) => ({ ...value, core: { ...value.core, v: 2 } })],
    ['epoch 0', (value) => ({ ...value, core: { ...value.core, epoch: 0 } })],
    ['a short key id', (value) => ({ ...value, core: { ...value.core, key_id: bytes(15) } })],
    ['the custody of a process', (value) => ({ ...value, core: { ...value.core, custody: 'process' } })],
    ['a PCR0 of 32 bytes', (value) => ({ ...value, core: { ...value.core, pcr0: bytes(32) } })],
    ['an end before the rotation', (value) => ({ ...value, core: { ...value.core, destroy_after: 1999 } })],
    ['a sealed secret of 49 bytes', (value) => ({ ...value, sealed: bytes(49) })],
    ['an unknown member', (value) => ({ ...value, more: 1 })],
    ['no maker', (value) => ({ ...value, maker: bytes(0) })],
    ['a short legacy key', (value) => ({ ...value, core: { ...value.core, legacy_key: bytes(31) } })],
    ['a list', () => [1]],
  ])('with %s is refused', (_name, change) =>
    expect(code(() => decodeSealedKey(encodeCanonical(change(record()))))).toBe('malformed_body'),
  );

  it('may name a key of the legacy suite', () => {
    const withLegacy = { ...record(), core: { ...record().core, legacy_key: bytes(32, 9) } };
    expect(decodeSealedKey(encodeSealedKey(withLegacy))).toEqual(withLegacy);
  });

  it('is refused if it is cut, followed by more bytes, or over the size limit', () => {
    const whole = encodeSealedKey(record());
    expect(code(() => decodeSealedKey(whole.subarray(0, -1)))).toBe('malformed_body');
    expect(code(() => decodeSealedKey(Uint8Array.from([...whole, 0])))).toBe('malformed_body');
    expect(code(() => decodeSealedKey(bytes(MAX_SEALED_KEY_BYTES + 1)))).toBe('body_too_large');
  });

  it('has different associated data for another core or another document of its maker', () => {
    const { core } = record();
    const base = sealedKeyAssociatedData(core, bytes(32));
    expect(sealedKeyAssociatedData({ ...core, epoch: 2 }, bytes(32))).not.toEqual(base);
    expect(sealedKeyAssociatedData(core, bytes(32, 8))).not.toEqual(base);
  });

  it('is named in the user_data of its maker’s document, which is refused with another purpose', () => {
    expect(decodeSealedKeyMaker(encodeSealedKeyMaker(bytes(32)))).toEqual(bytes(32));
    expect(code(() => decodeSealedKeyMaker(encodeCanonical({ v: 1, purpose: 'other', core_sha256: bytes(32) })))).toBe(
      'malformed_body',
    );
  });
});

describe('the exchange of keys', () => {
  it('has an offer and a status that are unchanged after encoding and decoding', () => {
    expect(decodeKeyOffer(encodeKeyOffer(offer()))).toEqual(offer());
    expect(decodeKeyStatus(encodeKeyStatus(status()))).toEqual(status());
    expect(decodeKeyStatus(encodeKeyStatus({ ...status(), held_legacy: [bytes(16)] }))).toEqual({
      ...status(),
      held_legacy: [bytes(16)],
    });
    expect(decodeKeyStatus(encodeKeyStatus({ ...status(), custody: 'process', current: null }))).toMatchObject({
      custody: 'process',
      current: null,
    });
  });

  it('has an offer with room for the maximum number of records of the maximum size', () => {
    const largest = {
      ...offer(),
      records: Array.from({ length: MAX_OFFERED_KEYS }, () => bytes(MAX_SEALED_KEY_BYTES)),
    };
    expect(decodeKeyOffer(encodeKeyOffer(largest)).records).toHaveLength(MAX_OFFERED_KEYS);
    expect(LIMITS.maxItems).toBeGreaterThan(MAX_OFFERED_KEYS);
  });

  it.each<[string, Partial<Record<keyof KeyOffer, unknown>>]>([
    ['too many records', { records: Array.from({ length: MAX_OFFERED_KEYS + 1 }, () => bytes(1)) }],
    ['an empty key record', { records: [bytes(0)] }],
    ['a secret whose name is not well formed', { secrets: { 'CWC house': bytes(1) } }],
    ['a line feed in a credential', { credentials: { ...offer().credentials, access_key_id: 'A\nB' } }],
    ['an expiry of credentials that is text', { credentials: { ...offer().credentials, expires: 'soon' } }],
    ['no list of revoked keys', { revoked: null }],
  ])('refuses an offer with %s', (_name, change) =>
    expect(code(() => decodeKeyOffer(encodeCanonical({ v: 1, ...offer(), ...change })))).toBe('malformed_body'),
  );

  it('refuses an offer over the size limit before it is parsed', () =>
    expect(code(() => decodeKeyOffer(bytes(MAX_KEY_OFFER_BYTES + 1)))).toBe('body_too_large'));
});
