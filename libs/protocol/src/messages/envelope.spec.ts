import fc from 'fast-check';
import { encodeCanonical } from '../encoding/cbor';
import { FIELD_MODULUS } from '../encoding/field-element';
import { fromHex, toHex } from '../encoding/text';
import { LIMITS } from '../limits';
import { ProtocolError } from '../problems';
import {
  decodeEnvelope,
  encodeEnvelope,
  envelopeFromJson,
  envelopeToJson,
  isProvenEnvelope,
  type Envelope,
  type ProvenEnvelope,
} from './envelope';
import { DEFAULT_SUITE, decodeSealedMessage, encodeSealedMessage, type SealedMessage } from './sealed-message';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const field = (value: bigint) => fromHex(value.toString(16).padStart(64, '0'));
const sealed: SealedMessage = {
  suite: DEFAULT_SUITE,
  keyId: bytes(16, 1),
  messageId: bytes(16, 2),
  expiresAtSeconds: 1_800_000_000,
  nullifier: null,
  encapsulatedKey: bytes(32, 3),
  nonce: bytes(24, 4),
  ciphertext: bytes(1024 + 16, 5),
};
const proven: ProvenEnvelope = {
  sealed: { ...sealed, nullifier: field(FIELD_MODULUS - 1n) },
  residence: {
    verificationKeySha256: bytes(32, 255),
    statusSha256: bytes(32, 254),
    rootNote: 'communique-tee residence root v1\ntest\n\n— test AAAA\n',
    claim: bytes(32, 6),
    proof: bytes(6848, 7),
  },
};
const { verificationKeySha256, statusSha256, rootNote, claim, proof } = proven.residence;
const inner = encodeSealedMessage(proven.sealed);
const wire: unknown[] = [2, verificationKeySha256, statusSha256, rootNote, claim, proof, inner];
const code = (expected: string) => expect.objectContaining({ name: 'ProtocolError', code: expected }) as Error;

describe('the envelope of a message', () => {
  it('has exactly the bytes of the sealed message if there is no proof', () => {
    const envelope: Envelope = { sealed, residence: null };
    expect(encodeEnvelope(envelope)).toEqual(encodeSealedMessage(sealed));
    expect(isProvenEnvelope(encodeEnvelope(envelope))).toBe(false);
    expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope);
    expect(envelopeFromJson(JSON.parse(JSON.stringify(envelopeToJson(envelope))))).toEqual(envelope);
  });

  it('with a proof is unchanged after encoding and decoding as CBOR and as JSON', () => {
    const encoded = encodeEnvelope(proven);
    expect(encoded).toEqual(encodeCanonical(wire));
    expect(isProvenEnvelope(encoded)).toBe(true);
    expect(decodeEnvelope(encoded)).toEqual(proven);
    expect(encodeSealedMessage(decodeEnvelope(encoded).sealed)).toEqual(inner);
    expect(envelopeFromJson(JSON.parse(JSON.stringify(envelopeToJson(proven))))).toEqual(proven);
  });

  it('has the sizes that its documentation states', () => {
    const ciphertext = bytes(256 * 1024 + 16, 0);
    const largest = {
      sealed: { ...proven.sealed, ciphertext },
      residence: { ...proven.residence, rootNote: '"'.repeat(LIMITS.maxRootNoteBytes) },
    };
    expect(encodeEnvelope(largest).length - encodeSealedMessage(largest.sealed).length).toBe(7563);
    expect(encodeEnvelope(largest).length).toBeLessThanOrEqual(LIMITS.maxEnvelopeBytes);
    expect(JSON.stringify(envelopeToJson(largest)).length).toBeLessThanOrEqual(LIMITS.maxEnvelopeJsonBytes);
    expect(() => decodeEnvelope(new Uint8Array([0x87, 2, ...bytes(LIMITS.maxEnvelopeBytes, 0)]))).toThrow(
      code('body_too_large'),
    );
    expect(() => decodeEnvelope(bytes(LIMITS.maxSealedMessageBytes + 1, 0))).toThrow(code('body_too_large'));
  });

  it('is refused with a nullifier and no proof, in each form', () => {
    const { nullifier } = proven.sealed;
    expect(decodeSealedMessage(inner).nullifier).toEqual(nullifier);
    expect(() => decodeEnvelope(inner)).toThrow(code('malformed_body'));
    expect(() => encodeEnvelope({ sealed: proven.sealed, residence: null })).toThrow(code('malformed_body'));
    expect(() => envelopeToJson({ sealed: proven.sealed, residence: null })).toThrow(code('malformed_body'));
    const json = envelopeToJson({ sealed, residence: null });
    for (const given of [null, toHex(bytes(32, 1)), 'A'.repeat(43)])
      expect(() => envelopeFromJson({ ...json, nullifier: given })).toThrow(code('malformed_body'));
  });

  it('is refused with a proof and no nullifier, in each form', () => {
    const without = encodeSealedMessage(sealed);
    expect(() => decodeEnvelope(encodeCanonical([...wire.slice(0, 6), without]))).toThrow(code('malformed_body'));
    expect(() => encodeEnvelope({ ...proven, sealed })).toThrow(code('malformed_body'));
    expect(() => envelopeToJson({ ...proven, sealed })).toThrow(code('malformed_body'));
    const { nullifier: _left, ...json } = envelopeToJson(proven) as Json;
    for (const given of [json, { ...json, nullifier: null }])
      expect(() => envelopeFromJson(given)).toThrow(code('malformed_body'));
  });

  it.each<[string, number, unknown]>([
    ['form 3', 0, 3],
    ['verification key hash, short', 1, bytes(31, 1)],
    ['verification key hash, text', 1, 'x'],
    ['status hash, long', 2, bytes(33, 1)],
    ['status hash, null', 2, null],
    ['root note, bytes', 3, bytes(10, 65)],
    ['root note, empty', 3, ''],
    ['root note of 601 bytes', 3, 'x'.repeat(601)],
    ['root note of 301 characters and 602 bytes', 3, 'é'.repeat(301)],
    ['root note with a carriage return', 3, 'x\r\n'],
    ['root note with a NUL', 3, 'x\u0000'],
    ['claim, short', 4, bytes(31, 1)],
    ['claim, the modulus', 4, field(FIELD_MODULUS)],
    ['claim, all ones', 4, bytes(32, 255)],
    ['proof, one byte less', 5, bytes(6847, 7)],
    ['proof, one byte more', 5, bytes(6849, 7)],
    ['proof, empty', 5, bytes(0, 7)],
    ['proof, text', 5, 'x'.repeat(6848)],
    ['sealed message, empty', 6, bytes(0, 0)],
    ['sealed message, an array', 6, [1, 1]],
    ['sealed message, another envelope', 6, encodeCanonical(wire)],
    ['nullifier, the modulus', 6, encodeSealedMessage({ ...proven.sealed, nullifier: field(FIELD_MODULUS) })],
    ['nullifier, plus the modulus', 6, encodeSealedMessage({ ...sealed, nullifier: field(FIELD_MODULUS + 5n) })],
  ])('is refused with a wrong part: %s', (_name, at, value) => {
    const broken = encodeCanonical(wire.map((part, index) => (index === at ? value : part)));
    expect(() => decodeEnvelope(broken)).toThrow(code('malformed_body'));
  });

  it.each([
    ['fewer parts', wire.slice(0, 6)],
    ['more parts', [...wire, 0]],
    ['no parts', []],
    ['an envelope in an array', [wire]],
  ])('is refused with %s', (_name, value) => {
    expect(() => decodeEnvelope(encodeCanonical(value))).toThrow(code('malformed_body'));
  });

  it.each<[string, object | ((json: Json) => object)]>([
    ['an unknown member', { extra: 1 }],
    ['version 1', { version: 1 }],
    ['version 3', { version: 3 }],
    ['version "2"', { version: '2' }],
    ['a nullifier in capitals', { nullifier: 'AB'.repeat(32) }],
    ['a nullifier in base64url', { nullifier: 'A'.repeat(43) }],
    ['a nullifier of 63 digits', { nullifier: '0'.repeat(63) }],
    ['a nullifier with 0x', { nullifier: `0x${'0'.repeat(64)}` }],
    ['a nullifier in decimal', { nullifier: 5 }],
    ['the modulus as nullifier', { nullifier: FIELD_MODULUS.toString(16) }],
    ['residence null', { residence: null }],
    ['no residence', { residence: undefined }],
    ['the modulus as claim', ({ residence }) => ({ residence: { ...residence, claim: FIELD_MODULUS.toString(16) } })],
    ['a proof that is cut', ({ residence }) => ({ residence: { ...residence, proof: residence.proof.slice(1) } })],
    ['a proof with =', ({ residence }) => ({ residence: { ...residence, proof: `${residence.proof.slice(0, -1)}=` } })],
    [
      'a proof with unused bits set',
      ({ residence }) => ({ residence: { ...residence, proof: `${residence.proof.slice(0, -1)}/` } }),
    ],
    ['half a character in the root note', ({ residence }) => ({ residence: { ...residence, rootNote: 'x\ud800' } })],
    ['an unknown member of residence', ({ residence }) => ({ residence: { ...residence, district: '120-MT-01' } })],
  ])('in JSON is refused with %s, and the value is not repeated', (_name, change) => {
    const json = envelopeToJson(proven) as Json;
    const broken = { ...json, ...(typeof change === 'function' ? change(json) : change) };
    expect(() => envelopeFromJson(broken)).toThrow(code('malformed_body'));
    try {
      envelopeFromJson(broken);
    } catch (error) {
      expect(String(error)).not.toMatch(/[0-9a-fA-F]{32}|communique-tee residence/);
    }
  });

  it('that names another suite is refused with suite_unsupported', () => {
    expect(() => envelopeFromJson({ ...envelopeToJson(proven), suite: 'rot13' })).toThrow(code('suite_unsupported'));
  });

  it('with a flipped bit is refused, or is decoded to another envelope with exactly these bytes', () => {
    const encoded = encodeEnvelope(proven);
    const proofAt = Buffer.from(encoded).indexOf(Buffer.from(proof));
    for (let at = 0; at < encoded.length; at++) {
      // All bytes within proof and ciphertext are handled alike, so only every 97th is tried
      if (at > proofAt + 8 && at < encoded.length - 8 && at % 97 !== 0) continue;
      for (let bit = 0; bit < 8; bit++) {
        const flipped = encoded.slice();
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        expectOneValue(flipped);
      }
    }
  });

  it('is refused if bytes are missing or added at its end', () => {
    const encoded = encodeEnvelope(proven);
    for (const length of [0, 1, 2, 3, 40, 100, 200, 5000, encoded.length - 1])
      expect(() => decodeEnvelope(encoded.slice(0, length))).toThrow(ProtocolError);
    expect(() => decodeEnvelope(new Uint8Array([...encoded, 0]))).toThrow(code('malformed_body'));
  });

  it('causes only a ProtocolError, whatever the bytes or the JSON', () => {
    const encoded = Buffer.from(encodeEnvelope(proven));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(encoded.length), (noise, at) => {
        expectOneValue(new Uint8Array([0x87, 2, ...noise]));
        const spliced = encoded.subarray();
        expectOneValue(new Uint8Array(Buffer.concat([spliced.subarray(0, at), noise, spliced.subarray(at)])));
      }),
      { numRuns: 300 },
    );
    const json = envelopeToJson(proven) as Json;
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(json)), fc.jsonValue(), (name, value) => {
        attempt(() => envelopeFromJson({ ...json, [name]: value }));
        attempt(() => envelopeFromJson({ ...json, residence: { ...json.residence, [name]: value, claim: value } }));
        attempt(() => envelopeFromJson(value));
      }),
      { numRuns: 300 },
    );
  });
});

type Json = Extract<ReturnType<typeof envelopeToJson>, { version: 2 }>;

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function expectOneValue(encoded: Uint8Array): void {
  const read = attempt(() => decodeEnvelope(encoded));
  if (read !== undefined) expect(Buffer.from(encodeEnvelope(read)).equals(encoded)).toBe(true);
}
