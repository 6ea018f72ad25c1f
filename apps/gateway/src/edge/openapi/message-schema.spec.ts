import {
  envelopeFromJson,
  fromBase64Url,
  legacyMessageFromJson,
  legacyMessageJsonSchema,
  LIMITS,
  ProtocolError,
  provenMessageJsonSchema,
  sealedMessageFromJson,
  sealedMessageJsonSchema,
  toBase64Url,
  toHex,
} from '@communique-tee/protocol';
import fc from 'fast-check';
import * as z from 'zod';
import { exampleMessage } from '../../features/messages/message-examples';
import { freshExamples } from './document';
import { violations } from './testing/json-schema';

const goodMessage = () => exampleMessage(freshExamples()).value;
const BUCKETS = Array.from({ length: 9 }, (_, at) => 1024 * 2 ** at);

const schemaOf = (schema: z.ZodType): Readonly<Record<string, unknown>> => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
};
const takes = (read: (value: unknown) => unknown, value: unknown): boolean => {
  try {
    read(value);
    return true;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
};

describe('the schema of a sealed message in JSON', () => {
  const schema = schemaOf(sealedMessageJsonSchema);
  const same = (value: unknown) => {
    const documented = violations(schema, value).length === 0;
    expect({ value: JSON.stringify(value).slice(0, 200), taken: takes(sealedMessageFromJson, value) }).toMatchObject({
      taken: documented,
    });
    return documented;
  };

  it('accepts the example and each size bucket', () => {
    expect(same(goodMessage())).toBe(true);
    for (const bytes of BUCKETS)
      expect(same({ ...goodMessage(), ciphertext: toBase64Url(new Uint8Array(bytes + 16)) })).toBe(true);
  });

  it.each([1, 1023, 1024, 1039, 1041, 2048, 262_144 + 17])(
    'refuses a ciphertext of %i bytes, as the parser does',
    (bytes) => {
      expect(same({ ...goodMessage(), ciphertext: toBase64Url(new Uint8Array(bytes)) })).toBe(false);
    },
  );

  it('has a pattern for buckets up to 4 KiB, and only a length for larger ones', () => {
    const long = { ...goodMessage(), ciphertext: '='.repeat(toBase64Url(new Uint8Array(8192 + 16)).length) };
    expect(violations(schema, long)).toEqual([]);
    expect(takes(sealedMessageFromJson, long)).toBe(false);
    for (const bytes of BUCKETS.filter((each) => each <= 4096))
      expect(same({ ...goodMessage(), ciphertext: '='.repeat(toBase64Url(new Uint8Array(bytes + 16)).length) })).toBe(
        false,
      );
  });

  it.each(['keyId', 'encapsulatedKey', 'nonce', 'ciphertext'] as const)(
    'agrees with the parser about each last character of %s',
    (name) => {
      const value = goodMessage();
      const taken = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= '].filter((character) =>
        same({ ...value, [name]: `${value[name].slice(0, -1)}${character}` }),
      );
      const bits = (8 * fromBase64Url(value[name]).length) % 6;
      expect(taken).toHaveLength(bits === 0 ? 64 : 2 ** bits);
    },
  );

  it('agrees with the parser about any value of a field', () => {
    const fields = Object.keys(goodMessage());
    const value = fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: fc.constantFrom(...'AQgw019-_+/=') }),
      fc.uint8Array({ maxLength: 64 }).map(toBase64Url),
      fc.uuid(),
      fc.uuid().map((text) => text.toUpperCase()),
      fc.integer(),
      fc.nat(0xffff_ffff),
      fc.constant(2 ** 32),
      fc.constant(1.5),
    );
    fc.assert(
      fc.property(fc.constantFrom(...fields, 'extra', 'nullifier'), value, (name, given) => {
        same({ ...goodMessage(), [name]: given });
      }),
      { numRuns: 1000 },
    );
    for (const name of fields)
      same(Object.fromEntries(Object.entries(goodMessage()).filter(([field]) => field !== name)));
  });
});

describe('the schema of a message with a proof of residence in JSON', () => {
  const schema = schemaOf(provenMessageJsonSchema);
  const provenMessage = () => ({
    ...goodMessage(),
    version: 2,
    nullifier: '0'.repeat(64),
    residence: {
      verificationKeySha256: toBase64Url(new Uint8Array(32)),
      statusSha256: toBase64Url(new Uint8Array(32)),
      rootNote: 'x\n',
      claim: '0'.repeat(64),
      proof: toBase64Url(new Uint8Array(LIMITS.proofBytes)),
    },
  });
  const same = (value: unknown) => {
    const documented = violations(schema, value).length === 0;
    expect({ value: JSON.stringify(value).slice(0, 200), taken: takes(envelopeFromJson, value) }).toMatchObject({
      taken: documented,
    });
    return documented;
  };

  it('accepts a message with a proof', () => {
    expect(same(provenMessage())).toBe(true);
  });

  it('agrees with the parser about any value of a field, except values over the modulus and the content of a proof', () => {
    const { residence, ...message } = provenMessage();
    const value = fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: fc.constantFrom(...'AQgw019-_+/=') }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => `00${toHex(bytes).slice(2)}`),
      fc.uint8Array({ maxLength: 64 }).map(toBase64Url),
      fc.string({ unit: fc.constantFrom('x', '\n'), maxLength: 700 }),
      fc.nat(0xffff_ffff),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(message), 'extra'), value, (name, given) => {
        same({ ...provenMessage(), [name]: given });
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(residence), 'extra'), value, (name, given) => {
        same({ ...provenMessage(), residence: { ...residence, [name]: given } });
      }),
      { numRuns: 500 },
    );
  });
});

describe('the schema of the legacy form', () => {
  const schema = schemaOf(legacyMessageJsonSchema);
  const good = {
    ciphertext: Buffer.alloc(99).toString('base64'),
    nonce: Buffer.alloc(24).toString('base64'),
    ephemeralPublicKey: `0x${'00'.repeat(32)}`,
    teeKeyId: '00'.repeat(16),
  };
  const same = (value: unknown) => {
    const documented = violations(schema, value).length === 0;
    expect({ value, taken: takes(legacyMessageFromJson, value) }).toMatchObject({ taken: documented });
    return documented;
  };

  it('accepts ciphertexts of every length from 18 bytes', () => {
    for (let bytes = 0; bytes < 60; bytes++)
      expect(same({ ...good, ciphertext: Buffer.alloc(bytes, 7).toString('base64') })).toBe(bytes >= 18);
  });

  it('agrees with the parser about any base64', () => {
    const text = fc.string({ unit: fc.constantFrom(...'AQgw019+/=-_ '), minLength: 20, maxLength: 36 });
    fc.assert(
      fc.property(fc.constantFrom('ciphertext', 'nonce'), text, (name, given) => {
        same({ ...good, [name]: given });
      }),
      { numRuns: 1000 },
    );
  });
});
