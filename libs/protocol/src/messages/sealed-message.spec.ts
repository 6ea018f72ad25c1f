import { encode } from 'cborg';
import { encodeCanonical } from '../encoding/cbor';
import { LIMITS } from '../limits';
import {
  decodeSealedMessage,
  encodeSealedMessage,
  sealedMessageFromJson,
  sealedMessageToJson,
  DEFAULT_SUITE,
  type SealedMessage,
} from './sealed-message';

const message: SealedMessage = {
  suite: DEFAULT_SUITE,
  keyId: new Uint8Array(16).fill(1),
  messageId: new Uint8Array(16).fill(2),
  expiresAtSeconds: 1_800_000_000,
  nullifier: null,
  encapsulatedKey: new Uint8Array(32).fill(3),
  nonce: new Uint8Array(24).fill(4),
  ciphertext: new Uint8Array(1024 + 16).fill(5),
};
const wire = [
  1,
  1,
  message.keyId,
  message.messageId,
  message.expiresAtSeconds,
  null,
  message.encapsulatedKey,
  message.nonce,
  message.ciphertext,
];

describe('the wire form of a sealed message', () => {
  it('is unchanged after encoding and decoding as CBOR, with a nullifier and without, and as JSON', () => {
    for (const nullifier of [null, new Uint8Array(32).fill(9)]) {
      const whole = { ...message, nullifier };
      expect(decodeSealedMessage(encodeSealedMessage(whole))).toEqual(whole);
    }
    const json = sealedMessageToJson(message);
    expect(json).not.toHaveProperty('nullifier');
    expect(sealedMessageFromJson(JSON.parse(JSON.stringify(json)))).toEqual(message);
  });

  it.each([null, undefined, '', '00'.repeat(32), 0])(
    'is refused in JSON with a nullifier and without a proof, even if the nullifier is %p',
    (nullifier) => {
      expect(() => sealedMessageFromJson({ ...sealedMessageToJson(message), nullifier })).toThrow(
        expect.objectContaining({
          code: 'malformed_body',
          message: 'nullifier: only a message with a proof of residence (version 2) has it',
        }),
      );
    },
  );

  it('has the sizes that its documentation states', () => {
    const largest = { ...message, nullifier: new Uint8Array(32), ciphertext: new Uint8Array(256 * 1024 + 16) };
    expect(encodeSealedMessage(largest).length - largest.ciphertext.length).toBe(141);
    expect(encodeSealedMessage(message).length - message.ciphertext.length).toBe(106);
    expect(encodeSealedMessage(largest).length).toBeLessThanOrEqual(LIMITS.maxSealedMessageBytes);
    expect(JSON.stringify(sealedMessageToJson({ ...largest, nullifier: null })).length).toBeLessThanOrEqual(
      LIMITS.maxEnvelopeJsonBytes,
    );
  });

  it.each([
    ['version', 0, 2],
    ['key id', 2, new Uint8Array(15)],
    ['message id', 3, new Uint8Array(17)],
    ['expiry, negative', 4, -1],
    ['expiry, past 2^32', 4, 4_294_967_296],
    ['expiry, fraction', 4, 1.5],
    ['expiry, text', 4, '1800000000'],
    ['nullifier', 5, new Uint8Array(31)],
    ['nullifier, text', 5, 'x'],
    ['encapsulated key', 6, new Uint8Array(33)],
    ['nonce', 7, new Uint8Array(12)],
    ['ciphertext, empty', 8, new Uint8Array(0)],
    ['ciphertext, only a tag', 8, new Uint8Array(16)],
    ['ciphertext, no bucket', 8, new Uint8Array(1039)],
    ['ciphertext, below the smallest bucket', 8, new Uint8Array(512 + 16)],
  ])('is refused with a wrong part: %s', (_name, at, value) => {
    expect(() => decodeSealedMessage(encode(wire.map((part, index) => (index === at ? value : part))))).toThrow(
      expect.objectContaining({ code: 'malformed_body' }),
    );
  });

  it.each([
    ['fewer parts', wire.slice(0, 8)],
    ['more parts', [...wire, 0]],
    ['a map', { version: 1 }],
    ['a number', 1],
    ['null', null],
  ])('is refused as %s', (_name, value) => {
    expect(() => decodeSealedMessage(encodeCanonical(value))).toThrow(
      expect.objectContaining({ code: 'malformed_body' }),
    );
  });

  it('of another suite is refused with suite_unsupported', () => {
    expect(() => decodeSealedMessage(encodeCanonical([1, 2, ...wire.slice(2)]))).toThrow(
      expect.objectContaining({ code: 'suite_unsupported' }),
    );
    expect(() => sealedMessageFromJson({ ...sealedMessageToJson(message), suite: 'rot13' })).toThrow(
      expect.objectContaining({ code: 'suite_unsupported' }),
    );
  });

  it.each([
    ['an unknown member', { extra: 1 }],
    ['a version', { version: 2 }],
    ['an id in capitals', { messageId: 'AAAAAAAA-0000-0000-0000-000000000000' }],
    ['padding', { keyId: 'AQEBAQEBAQEBAQEBAQEBAQ==' }],
    ['unused bits set', { keyId: 'AQEBAQEBAQEBAQEBAQEBAR' }],
    ['a number as text', { expiresAt: '1800000000' }],
    ['a ciphertext whose length is no bucket', { ciphertext: 'AAAA' }],
  ])('in JSON is refused with %s, and the value is not repeated', (_name, change) => {
    const broken: unknown = { ...sealedMessageToJson(message), ...change };
    try {
      sealedMessageFromJson(broken);
      throw new Error('was read');
    } catch (error) {
      expect(error).toMatchObject({ code: 'malformed_body' });
      for (const value of Object.values(change))
        if (typeof value === 'string') expect(String(error)).not.toContain(value);
    }
  });
});
