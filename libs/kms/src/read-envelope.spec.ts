import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { KmsError } from './errors';
import {
  indefinite,
  integer,
  NULL,
  oaep,
  OIDS,
  sealForRecipient,
  tlv,
  type EnvelopeParts,
} from './testing/kms-envelope';
import { readEnvelope } from './read-envelope';

let publicKey: KeyObject;
beforeAll(() => {
  ({ publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 }));
});
const sealed = (parts: EnvelopeParts = {}, bytes = 32) =>
  sealForRecipient(new Uint8Array(bytes).fill(7), publicKey, parts);
const refuses = (envelope: Uint8Array) =>
  expect(() => readEnvelope(envelope)).toThrow(expect.objectContaining({ code: 'kms_answer_invalid' }));
const optional = (...content: Uint8Array[]) => tlv(0x30, OIDS.sha256, ...content);

it.each(['definite', 'indefinite'] as const)('reads %s lengths', (lengths) => {
  const envelope = readEnvelope(sealed({ lengths }));
  expect([envelope.encryptedKey.length, envelope.iv.length, envelope.encryptedContent.length]).toEqual([256, 16, 48]);
});

it.each<[string, EnvelopeParts]>([
  [
    'content in pieces of any size',
    { content: (text) => indefinite(0xa0, tlv(4, text.subarray(0, 5)), tlv(4), tlv(4, text.subarray(5))) },
  ],
  [
    'content in pieces, with definite lengths',
    { lengths: 'definite', content: (text) => tlv(0xa0, tlv(4, text.subarray(0, 16)), tlv(4, text.subarray(16))) },
  ],
  ['content in one piece', { content: (text) => tlv(0x80, text) }],
  ['SHA-256 without parameters', { keyAlgorithm: oaep(optional()) }],
  ['SHA-256 with and without parameters', { keyAlgorithm: oaep(optional(), optional(NULL)) }],
  ['a key identifier of 20 bytes', { recipientId: tlv(0x80, new Uint8Array(20)) }],
])('reads %s', (_what, parts) => {
  expect(readEnvelope(sealed(parts)).encryptedContent).toHaveLength(48);
});

it.each<[string, EnvelopeParts]>([
  ['signed data', { contentType: OIDS.signedData }],
  ['version 0', { version: integer(0) }],
  ['version 3', { version: integer(3) }],
  ['a version in two bytes', { version: tlv(2, Uint8Array.of(0, 2)) }],
  ['no recipient', { recipients: () => [] }],
  ['two recipients', { recipients: (recipient) => [recipient, recipient] }],
  ['a key agreement', { recipients: (recipient) => [tlv(0xa1, recipient)] }],
  ['a recipient of version 0', { recipientVersion: integer(0) }],
  [
    'a recipient by issuer and serial number',
    { recipientVersion: integer(0), recipientId: tlv(0x30, tlv(0x30), integer(1)) },
  ],
  ['an empty key identifier', { recipientId: tlv(0x80) }],
  ['a key identifier of 65 bytes', { recipientId: tlv(0x80, new Uint8Array(65)) }],
  ['a constructed key identifier', { recipientId: tlv(0xa0, tlv(4, new Uint8Array(32))) }],
  ['PKCS#1 v1.5', { keyAlgorithm: tlv(0x30, OIDS.rsaEncryption, NULL) }],
  ['OAEP without parameters (SHA-1)', { keyAlgorithm: tlv(0x30, OIDS.rsaesOaep) }],
  ['OAEP with empty parameters (SHA-1)', { keyAlgorithm: tlv(0x30, OIDS.rsaesOaep, tlv(0x30)) }],
  ['OAEP with NULL', { keyAlgorithm: tlv(0x30, OIDS.rsaesOaep, NULL) }],
  ['SHA-1', { keyAlgorithm: oaep(tlv(0x30, OIDS.sha1, NULL)) }],
  ['SHA-384', { keyAlgorithm: oaep(tlv(0x30, OIDS.sha384, NULL)) }],
  ['MGF1 with SHA-1', { keyAlgorithm: oaep(optional(NULL), tlv(0x30, OIDS.sha1, NULL)) }],
  ['MGF1 by default (SHA-1)', { keyAlgorithm: tlv(0x30, OIDS.rsaesOaep, tlv(0x30, tlv(0xa0, optional(NULL)))) }],
  [
    'another mask function',
    {
      keyAlgorithm: tlv(
        0x30,
        OIDS.rsaesOaep,
        tlv(0x30, tlv(0xa0, optional()), tlv(0xa1, tlv(0x30, OIDS.sha256, optional()))),
      ),
    },
  ],
  [
    'a label',
    { keyAlgorithm: oaep(optional(), optional(), tlv(0xa2, tlv(0x30, OIDS.pSpecified, tlv(4, Uint8Array.of(1))))) },
  ],
  ['SHA-256 with other parameters', { keyAlgorithm: oaep(optional(integer(1))) }],
  ['SHA-256 with a NULL that is not empty', { keyAlgorithm: oaep(optional(tlv(5, Uint8Array.of(0)))) }],
  ['SHA-256 with two parameters', { keyAlgorithm: oaep(optional(NULL, NULL)) }],
  ['a short wrapped key', { encryptedKey: tlv(4, new Uint8Array(255)) }],
  ['a long wrapped key', { encryptedKey: tlv(4, new Uint8Array(257)) }],
  ['a wrapped key in pieces', { encryptedKey: tlv(0x24, tlv(4, new Uint8Array(128)), tlv(4, new Uint8Array(128))) }],
  ['another inner type', { innerType: OIDS.signedData }],
  ['AES-128', { contentAlgorithm: (iv) => tlv(0x30, OIDS.aes128Cbc, tlv(4, iv)) }],
  ['AES-GCM', { contentAlgorithm: (iv) => tlv(0x30, OIDS.aes256Gcm, tlv(4, iv)) }],
  ['a short IV', { contentAlgorithm: (iv) => tlv(0x30, OIDS.aes256Cbc, tlv(4, iv.subarray(1))) }],
  ['no IV', { contentAlgorithm: () => tlv(0x30, OIDS.aes256Cbc) }],
  ['content that is no multiple of 16', { content: (text) => indefinite(0xa0, tlv(4, text.subarray(1))) }],
  ['empty content', { content: () => indefinite(0xa0) }],
  ['content of another tag', { content: (text) => indefinite(0xa1, tlv(4, text)) }],
  ['pieces within pieces', { content: (text) => indefinite(0xa0, indefinite(0x24, tlv(4, text))) }],
  ['pieces that are no octet strings', { content: (text) => indefinite(0xa0, tlv(3, text)) }],
  ['attributes', { attributes: [tlv(0xa1)] }],
])('refuses %s', (_what, parts) => {
  refuses(sealed(parts));
  refuses(sealed({ ...parts, lengths: 'definite' }));
});

it.each(['definite', 'indefinite'] as const)('refuses every cut or extended envelope with %s lengths', (lengths) => {
  const whole = sealed({ lengths });
  for (let length = 0; length < whole.length; length++) refuses(whole.subarray(0, length));
  for (const tail of [[0], [0, 0], [0x30, 0], [0xff]]) refuses(Buffer.concat([whole, Uint8Array.from(tail)]));
  refuses(Buffer.concat([whole, whole]));
});

it('refuses another encoding of the same value', () => {
  const whole = sealed({ lengths: 'definite' });
  expect([...whole.subarray(0, 2)]).toEqual([0x30, 0x82]);
  refuses(Buffer.concat([Uint8Array.of(0x30, 0x83, 0), whole.subarray(2)])); // a longer length
  refuses(Buffer.concat([Uint8Array.of(0x3f, 0x10), whole.subarray(1)])); // a longer tag
});

it('refuses an indefinite length without an end, and children that are longer than their parent', () => {
  const inner = sealed({ lengths: 'definite' });
  const content = inner.subarray(4);
  refuses(Buffer.concat([Uint8Array.of(0x30, 0x80), content]));
  const short = Buffer.from(inner);
  short.writeUInt16BE(short.readUInt16BE(2) - 1, 2);
  refuses(short);
});

it('refuses input that is too deep, too wide or too long', () => {
  let deep: Uint8Array = tlv(4, new Uint8Array(16));
  for (let depth = 0; depth < 2000; depth++) deep = tlv(0x30, deep);
  refuses(deep);
  refuses(new Uint8Array(8 * 1024).fill(0x30));
  refuses(Buffer.from('3080'.repeat(4096), 'hex'));
  refuses(Buffer.from('a080'.repeat(500_000), 'hex'));
  refuses(sealed({ content: (text) => indefinite(0xa0, ...Array.from({ length: 1000 }, () => tlv(4)), tlv(4, text)) }));
  refuses(sealed({}, 8 * 1024));
  refuses(Buffer.from('308affffffffffffffffffff', 'hex'));
  refuses(Buffer.from('3088ffffffffffffffff', 'hex'));
  refuses(new Uint8Array(0));
});

it('reads the longest content that KMS encrypts', () => {
  expect(readEnvelope(sealed({}, 4096)).encryptedContent).toHaveLength(4112);
});

it('refuses any other bytes with kms_answer_invalid', () => {
  const whole = sealed();
  const mutated = fc
    .array(fc.record({ at: fc.nat(whole.length - 1), drop: fc.nat(3), put: fc.uint8Array({ maxLength: 4 }) }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((edits) =>
      edits.reduce<Buffer>(
        (bytes, { at, drop, put }) => Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + drop)]),
        Buffer.from(whole),
      ),
    );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), mutated), (bytes) => {
      try {
        readEnvelope(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(KmsError);
        expect(error).toMatchObject({ code: 'kms_answer_invalid' });
      }
    }),
    { numRuns: 3000 },
  );
});
