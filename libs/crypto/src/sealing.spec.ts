import {
  DEFAULT_SUITE,
  associatedData,
  decodeSealedMessage,
  encodeSealedMessage,
  sealedMessageFromJson,
  sealedMessageToJson,
  type SealedMessage,
} from '@communique-tee/protocol';
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { CryptoError } from './errors';
import { MAX_PLAINTEXT_BYTES } from './padding';
import { IMPLEMENTATIONS, OLDER_NODE, type Implementation } from './testing/implementations';

const ALL = [...IMPLEMENTATIONS, OLDER_NODE];
const PAIRS = ALL.flatMap((sender) =>
  ALL.map((receiver) => ({ sender, receiver, name: `${sender.name} to ${receiver.name}` })),
);
const refused = new CryptoError('ERR_CRYPTO_OPEN');

describe.each(PAIRS)('a message sealed with $name', ({ sender, receiver }) => {
  it.each([0, 1, 1020, 1021, 2044, 16_380, 65_000, MAX_PLAINTEXT_BYTES])(
    'of %i bytes is padded to a bucket, and opens',
    (length) => {
      const { privateKey, input } = fixture(sender, length);
      const { message, answerKey } = sender.seal(input);
      const opened = receiver.open(privateKey, message);
      expect(Buffer.compare(opened.plaintext, input.plaintext)).toBe(0);
      expect(Buffer.compare(opened.answerKey, answerKey)).toBe(0);
      const padded = message.ciphertext.length - 16;
      expect(Number.isInteger(Math.log2(padded))).toBe(true);
      expect(padded).toBeGreaterThanOrEqual(Math.max(1024, length + 4));
      expect(padded).toBeLessThan(Math.max(1025, 2 * (length + 4)));
    },
  );

  it('is unchanged after encoding and decoding as CBOR and as JSON', () => {
    const { privateKey, input } = fixture(sender, 700);
    const { message } = sender.seal(input);
    const fromCbor = decodeSealedMessage(encodeSealedMessage(message));
    const fromJson = sealedMessageFromJson(JSON.parse(JSON.stringify(sealedMessageToJson(message))));
    expect(encodeSealedMessage(fromJson)).toEqual(encodeSealedMessage(fromCbor));
    expect(Buffer.compare(receiver.open(privateKey, fromJson).plaintext, input.plaintext)).toBe(0);
  });

  it('can be answered so that only its sender opens the answer, and only for this message', () => {
    const { privateKey, input } = fixture(sender, 50);
    const first = sender.seal(input);
    const second = sender.seal({ ...input, messageId: randomBytes(16) });
    const answer = receiver.sealAnswer(
      receiver.open(privateKey, first.message).answerKey,
      first.message,
      Buffer.from('taken'),
    );
    expect(Buffer.from(sender.openAnswer(first.answerKey, first.message, answer)).toString()).toBe('taken');
    expect(() => sender.openAnswer(second.answerKey, second.message, answer)).toThrow(refused);
    expect(() => sender.openAnswer(first.answerKey, second.message, answer)).toThrow(refused);
    expect(() => sender.openAnswer(second.answerKey, first.message, answer)).toThrow(refused);
  });
});

it.each(IMPLEMENTATIONS)('answers of any usual length have the same sealed length over $name', (implementation) => {
  const { message, answerKey } = implementation.seal(fixture(implementation, 50).input);
  const lengths = [0, 1, 300, 4092, 4093, 8188].map(
    (length) => implementation.sealAnswer(answerKey, message, new Uint8Array(length)).ciphertext.length,
  );
  expect(new Set(lengths)).toEqual(new Set([8192 + 16]));
});

describe.each(IMPLEMENTATIONS)('opening over $name refuses, always with the same error,', (implementation) => {
  const { privateKey, input } = fixture(implementation, 900);
  const { message, answerKey } = implementation.seal(input);

  it('every flipped bit of header, encapsulated key, nonce and ciphertext', () => {
    const parts = ['keyId', 'messageId', 'encapsulatedKey', 'nonce', 'ciphertext'] as const;
    const flip = fc
      .constantFrom(...parts)
      .chain((part) => fc.tuple(fc.constant(part), fc.nat({ max: message[part].length * 8 - 1 })));
    fc.assert(
      fc.property(flip, ([part, bit]) => {
        // X25519 ignores the highest bit of a key (RFC 7748 section 5), but the key schedule covers all bytes of the key
        expect(() => implementation.open(privateKey, { ...message, [part]: flipped(message[part], bit) })).toThrow(
          refused,
        );
      }),
      { numRuns: 600 },
    );
    for (let bit = 0; bit < 256; bit++) {
      expect(() =>
        implementation.open(privateKey, { ...message, encapsulatedKey: flipped(message.encapsulatedKey, bit) }),
      ).toThrow(refused);
    }
  });

  it('another expiry and another nullifier', () => {
    expect(() =>
      implementation.open(privateKey, { ...message, expiresAtSeconds: message.expiresAtSeconds + 1 }),
    ).toThrow(refused);
    expect(() => implementation.open(privateKey, { ...message, nullifier: new Uint8Array(32) })).toThrow(refused);
  });

  it('truncated and lengthened parts', () => {
    for (const length of [0, 1, 15, 16, 17, 1023, 1024, message.ciphertext.length - 1]) {
      expect(() =>
        implementation.open(privateKey, { ...message, ciphertext: message.ciphertext.slice(0, length) }),
      ).toThrow(refused);
    }
    const longer = new Uint8Array(message.ciphertext.length + 1);
    longer.set(message.ciphertext);
    expect(() => implementation.open(privateKey, { ...message, ciphertext: longer })).toThrow(refused);
    expect(() => implementation.open(privateKey, { ...message, nonce: message.nonce.slice(0, 12) })).toThrow(refused);
    expect(() =>
      implementation.open(privateKey, { ...message, encapsulatedKey: message.encapsulatedKey.slice(0, 31) }),
    ).toThrow(refused);
    expect(() => implementation.open(privateKey, { ...message, ciphertext: new Uint8Array(512 * 1024 + 16) })).toThrow(
      refused,
    );
  });

  it('another key', () => {
    expect(() => implementation.open(randomBytes(32), message)).toThrow(refused);
  });

  it('a text whose length prefix points past its end', () => {
    const own = randomBytes(32);
    const bad = lyingPrefix(implementation, own, input);
    expect(() => implementation.open(own, bad)).toThrow(refused);
  });

  it('every flipped bit of an answer, and a request served as an answer', () => {
    const answer = implementation.sealAnswer(answerKey, message, Buffer.from('an answer'));
    fc.assert(
      fc.property(fc.constantFrom('nonce' as const, 'ciphertext' as const), fc.nat(), (part, at) => {
        const damaged = { ...answer, [part]: flipped(answer[part], at % (answer[part].length * 8)) };
        expect(() => implementation.openAnswer(answerKey, message, damaged)).toThrow(refused);
      }),
      { numRuns: 300 },
    );
    expect(() => implementation.openAnswer(answerKey, message, message)).toThrow(refused);
  });
});

it('refuses a text over 262,140 bytes before any other work', () => {
  for (const implementation of IMPLEMENTATIONS) {
    const input = {
      ...fixture(implementation, 0).input,
      publicKey: new Uint8Array(0),
      plaintext: new Uint8Array(MAX_PLAINTEXT_BYTES + 1),
    };
    expect(() => implementation.seal(input)).toThrow(new CryptoError('ERR_CRYPTO_TOO_LARGE'));
  }
});

it('opens any generated message, whichever implementation sealed it', () => {
  const [node, noble] = IMPLEMENTATIONS;
  if (!node || !noble) throw new Error('two implementations expected');
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(
      bytes(32),
      bytes(16),
      fc.nat(0xffff_ffff),
      fc.option(bytes(32)),
      fc.uint8Array({ maxLength: 5000 }),
      (raw, messageId, expiresAtSeconds, nullifier, plaintext) => {
        const publicKey = node.publicKeyOf(raw);
        const input = {
          publicKey,
          suite: DEFAULT_SUITE,
          keyId: node.keyIdOf(publicKey),
          messageId,
          expiresAtSeconds,
          nullifier,
          plaintext,
        };
        expect(noble.keyIdOf(publicKey)).toEqual(new Uint8Array(input.keyId));
        expect(new Uint8Array(noble.open(raw, node.seal(input).message).plaintext)).toEqual(plaintext);
        expect(new Uint8Array(node.open(raw, noble.seal(input).message).plaintext)).toEqual(plaintext);
      },
    ),
    { numRuns: 60 },
  );
});

function fixture(implementation: Implementation, length: number) {
  const privateKey = new Uint8Array(randomBytes(32));
  const publicKey = implementation.publicKeyOf(privateKey);
  const input = {
    publicKey,
    suite: DEFAULT_SUITE,
    keyId: implementation.keyIdOf(publicKey),
    messageId: new Uint8Array(randomBytes(16)),
    expiresAtSeconds: 1_800_000_000,
    nullifier: null,
    plaintext: new Uint8Array(randomBytes(length)),
  };
  return { privateKey, input };
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/** Seals a padded text whose length prefix claims one byte too many. Only a modified client could make it. */
function lyingPrefix(
  implementation: Implementation,
  privateKey: Uint8Array,
  input: ReturnType<typeof fixture>['input'],
): SealedMessage {
  const publicKey = implementation.publicKeyOf(privateKey);
  const info = new TextEncoder().encode('communique-tee sealed message v1');
  const { encapsulatedKey, exportSecret } = implementation.sender(publicKey, info);
  const header = {
    suite: DEFAULT_SUITE,
    keyId: input.keyId,
    messageId: input.messageId,
    expiresAtSeconds: 1,
    nullifier: null,
  };
  const padded = new Uint8Array(1024);
  new DataView(padded.buffer).setUint32(0, 1021);
  const nonce = new Uint8Array(24);
  const ciphertext = implementation.aeadSeal(
    exportSecret(new TextEncoder().encode('request')),
    nonce,
    associatedData(header),
    padded,
  );
  return { ...header, encapsulatedKey, nonce, ciphertext };
}
