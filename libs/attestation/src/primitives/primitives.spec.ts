import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { publicKeyInfo } from '../testing/certificate-writer';
import { nodePrimitives } from './primitives.node';
import { webPrimitives } from './primitives.web';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const point = publicKeyInfo(publicKey).slice(-96);
const message = new Uint8Array(300).fill(5);
const signature = new Uint8Array(sign('sha384', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }));

/** Signs until a signature fits. Nine zero bits at a given place take about 512 signatures. */
function signatureThat(fits: (raw: Uint8Array) => boolean): Uint8Array {
  for (;;) {
    const raw = new Uint8Array(sign('sha384', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
    if (fits(raw)) return raw;
  }
}

describe.each([
  ['node:crypto', nodePrimitives],
  ['WebCrypto', webPrimitives],
])('the primitives of %s', (_, primitives) => {
  it('hash with SHA-256', async () => {
    expect(Buffer.from(await primitives.sha256(message))).toEqual(createHash('sha256').update(message).digest());
  });

  it('verify ECDSA on P-384 with SHA-384', async () => {
    const key = await primitives.importP384(point);
    expect(await key.verify(message, signature)).toBe(true);
    expect(await key.verify(message.slice(1), signature)).toBe(false);
    for (const wrong of [new Uint8Array(96), new Uint8Array(96).fill(0xff), signature.slice(0, 95), new Uint8Array()]) {
      expect(await key.verify(message, wrong)).toBe(false);
    }
  });

  it('read only the bytes of a view into a larger buffer', async () => {
    const around = (bytes: Uint8Array) => new Uint8Array([1, 2, 3, ...bytes, 4]).subarray(3, 3 + bytes.length);
    const key = await primitives.importP384(around(point));
    expect(await key.verify(around(message), around(signature))).toBe(true);
    expect(await primitives.sha256(around(message))).toEqual(await primitives.sha256(message));
  });

  it('refuse a point that is not on the curve', async () => {
    const beside = Uint8Array.from(point, (byte, i) => (i === 95 ? byte ^ 1 : byte));
    const judged = async () => (await primitives.importP384(beside)).verify(message, signature);
    await expect(judged()).rejects.toThrow();
    await expect(judged()).rejects.toThrow();
  });

  it.each([
    ['r starts with nine zero bits', (raw: Uint8Array) => raw[0] === 0 && (raw[1] ?? 0) < 0x80],
    ['s starts with nine zero bits', (raw: Uint8Array) => raw[48] === 0 && (raw[49] ?? 0) < 0x80],
    ['r and s start with a set bit', (raw: Uint8Array) => (raw[0] ?? 0) > 0x7f && (raw[48] ?? 0) > 0x7f],
    ['r and s start with a clear bit', (raw: Uint8Array) => (raw[0] ?? 0) < 0x80 && (raw[48] ?? 0) < 0x80],
  ])('verify a signature in which %s', async (_, fits) => {
    const key = await primitives.importP384(point);
    const found = signatureThat(fits);
    expect(await key.verify(message, found)).toBe(true);
    expect(await key.verify(message.slice(1), found)).toBe(false);
  });

  it('check every signature again with the same key', async () => {
    const key = await primitives.importP384(point);
    for (let round = 0; round < 3; round++) {
      expect(await key.verify(message, signature)).toBe(true);
      expect(await key.verify(message.slice(1), signature)).toBe(false);
    }
  });
});

describe('WebCrypto', () => {
  it('can hash shared memory', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(message.length));
    shared.set(message);
    expect(await webPrimitives.sha256(shared)).toEqual(await webPrimitives.sha256(message));
  });

  it('is reported as unsupported if it is missing', async () => {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
    Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true });
    try {
      await expect(webPrimitives.sha256(message)).rejects.toMatchObject({ code: 'ERR_ATTESTATION_UNSUPPORTED' });
    } finally {
      Object.defineProperty(globalThis, 'crypto', before ?? { value: undefined, configurable: true });
    }
  });
});
