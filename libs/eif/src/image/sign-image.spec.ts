import { createHash, createPrivateKey, sign, verify, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from 'cborg';
import { readImage } from './read-image';
import { metadata } from '../testing/parts';
import { goodSections, rawImage, signature, withGap } from '../testing/raw-image';
import { makeRsaKey, makeSigningKey, signingTime } from '../testing/signing-key';
import { type ImageParts, writeImage } from './write-image';
import { certificatePcr8 } from '../sign/certificate';
import { prepareSigner, type SigningKey } from '../sign/signer';
import { signImage } from './sign-image';
import { verifySignature } from './verify-signature';

let folder: string;
let key: SigningKey;
let other: SigningKey;
const parts: ImageParts = {
  kernel: Buffer.from('kernel'),
  cmdline: 'quiet',
  ramdisks: [Buffer.from('init'), Buffer.from('app')],
  metadata,
  arch: 'x86_64',
};
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eif-sign-'));
  key = await makeSigningKey();
  other = await makeSigningKey('P-384', 'CN=somebody else');
});
afterAll(() => rm(folder, { recursive: true }));

const der = ({ certificatePem }: SigningKey) => new X509Certificate(certificatePem).raw;
const sha384 = (...bytes: Uint8Array[]) => createHash('sha384').update(Buffer.concat(bytes)).digest();

describe('a signed image', () => {
  it('is the unsigned image with a signature after it, whether it was signed at once or later', async () => {
    const unsigned = await writeImage(parts, file('unsigned.eif'));
    const later = await signImage(file('unsigned.eif'), key, file('later.eif'));
    const atOnce = await writeImage({ ...parts, signing: key }, file('at-once.eif'));
    const pcr8 = sha384(Buffer.alloc(48), sha384(der(key))).toString('hex');
    expect(later.measurements).toEqual({ ...unsigned.measurements, pcr8 });
    expect(atOnce.measurements).toEqual(later.measurements);
    expect(certificatePcr8(key.certificatePem)).toBe(pcr8);

    const [a, b, c] = await Promise.all(
      ['unsigned.eif', 'later.eif', 'at-once.eif'].map(async (name) => ({
        bytes: await readFile(file(name)),
        image: await readImage(file(name)),
      })),
    );
    expect(b!.image).toMatchObject({
      measurements: later.measurements,
      signature: { pcr8, subject: 'CN=image signer', certificatePem: key.certificatePem },
    });
    expect(b!.image.sections.at(-1)?.type).toBe('signature');
    expect(b!.bytes.subarray(548, a!.bytes.length).equals(a!.bytes.subarray(548))).toBe(true);
    expect(c!.bytes.subarray(548, a!.bytes.length).equals(a!.bytes.subarray(548))).toBe(true);
    expect(c!.image.sections.map(({ type }) => type)).toEqual(b!.image.sections.map(({ type }) => type));
  });

  it('has the content that nitro-cli writes: arrays of numbers, an untagged COSE_Sign1 with ES384, PCR0 as register 0', async () => {
    const { measurements } = await writeImage({ ...parts, signing: key }, file('cbor.eif'));
    const { dataOffset, sizeBytes } = (await readImage(file('cbor.eif'))).sections.at(-1)!;
    const section = (await readFile(file('cbor.eif'))).subarray(dataOffset, dataOffset + sizeBytes);
    const [entry, ...more] = decode(section, { strict: true, useMaps: true }) as Map<string, number[]>[];
    expect(more).toEqual([]);
    expect([...entry!.keys()]).toEqual(['signing_certificate', 'signature']);
    expect(Buffer.from(entry!.get('signing_certificate')!).toString()).toBe(key.certificatePem);
    const [header, unprotected, payload, signed, ...rest] = decode(Uint8Array.from(entry!.get('signature')!), {
      strict: true,
      useMaps: true,
    }) as [Uint8Array, Map<never, never>, Uint8Array, Uint8Array];
    expect(rest).toEqual([]);
    expect(decode(header, { useMaps: true })).toEqual(new Map([[1, -35]]));
    expect(unprotected.size).toBe(0);
    expect([...(decode(payload, { strict: true, useMaps: true }) as Map<string, unknown>)]).toEqual([
      ['register_index', 0],
      ['register_value', [...Buffer.from(measurements.pcr0, 'hex')]],
    ]);
    const toBeSigned = encode(['Signature1', header, new Uint8Array(), payload]);
    expect(
      verify(
        'sha384',
        toBeSigned,
        { key: new X509Certificate(key.certificatePem).publicKey, dsaEncoding: 'ieee-p1363' },
        signed,
      ),
    ).toBe(true);
  });

  it.each([
    ['P-256', 'ES256', -7, 64],
    ['P-384', 'ES384', -35, 96],
    ['P-521', 'ES512', -36, 132],
  ])('has, for a key on the curve %s, a signature by %s', async (curve, algorithm, coseId, length) => {
    const signing = await makeSigningKey(curve);
    await writeImage({ ...parts, signing }, file('curve.eif'));
    const image = await readImage(file('curve.eif'));
    expect(image.signature).toMatchObject({ algorithm, pcr0: image.measurements.pcr0 });
    expect(image.measurements.pcr8).toBe(certificatePcr8(signing.certificatePem));
    const { dataOffset, sizeBytes } = image.sections.at(-1)!;
    const section = (await readFile(file('curve.eif'))).subarray(dataOffset, dataOffset + sizeBytes);
    const [entry] = decode(section, { useMaps: true }) as Map<string, number[]>[];
    const [header, , , signed] = decode(Uint8Array.from(entry!.get('signature')!), { useMaps: true }) as Uint8Array[];
    expect([decode(header!, { useMaps: true }), signed!.length]).toEqual([new Map([[1, coseId]]), length]);
  });

  it('has no gaps, even if the unsigned image has gaps', async () => {
    await writeFile(file('gap.eif'), withGap(rawImage(goodSections()), 0, Buffer.alloc(64)));
    const { measurements } = await signImage(file('gap.eif'), key, file('gap.eif'));
    const image = await readImage(file('gap.eif'));
    expect([image.gaps, image.measurements]).toEqual([[], measurements]);
  });

  it('is not made from an image that cannot be measured', async () => {
    await writeFile(
      file('pcie.eif'),
      rawImage(goodSections(), (image) => {
        image.writeUInt16BE(0x240, 6);
        return undefined;
      }),
    );
    await expect(signImage(file('pcie.eif'), key, file('pcie-signed.eif'))).rejects.toMatchObject({
      code: 'ERR_EIF_PCIE',
    });
    expect(await readdir(folder)).not.toContain('pcie-signed.eif');
  });

  it.each([
    ['at the end', -5],
    ['at the end', 5],
    ['before other sections', 3],
  ])(
    'is refused if the header’s size for a signature %s is wrong by %d bytes, and signing it again corrects this',
    async (where, by) => {
      const sections = await signedSections(key);
      const [k, c, section, ...rest] = sections;
      const stale = rawImage(where === 'at the end' ? [k!, c!, ...rest, section!] : sections, (image) => {
        const at = 284 + 8 * (where === 'at the end' ? sections.length - 1 : 2);
        image.writeBigUInt64BE(image.readBigUInt64BE(at) + BigInt(by), at);
        return undefined;
      });
      await writeFile(file('stale.eif'), stale);
      await expect(readImage(file('stale.eif'))).rejects.toMatchObject({
        code: 'ERR_EIF_SIGNATURE_STALE_SIZE',
        message: expect.stringContaining('npm run image -- sign') as string,
      });
      const { measurements } = await signImage(file('stale.eif'), other, file('stale.eif'));
      expect((await readImage(file('stale.eif'))).measurements).toEqual(measurements);
    },
  );

  it('can be signed again by another key, also in the same file, and the signature stays in its place', async () => {
    await writeFile(file('anew.eif'), rawImage(await signedSections(key)));
    expect((await readImage(file('anew.eif'))).sections.map(({ type }) => type)).toEqual([
      'kernel',
      'cmdline',
      'signature',
      'metadata',
      'ramdisk',
      'ramdisk',
    ]);
    await signImage(file('anew.eif'), other, file('anew.eif'));
    const image = await readImage(file('anew.eif'));
    expect(image.sections.map(({ type }) => type)).toEqual([
      'kernel',
      'cmdline',
      'signature',
      'metadata',
      'ramdisk',
      'ramdisk',
    ]);
    expect(image.signature?.subject).toBe('CN=somebody else');
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('is accepted only with the expected signer and within the dates of the certificate', async () => {
    await writeImage({ ...parts, signing: key }, file('judged.eif'));
    await writeImage(parts, file('not-signed.eif'));
    const image = await readImage(file('judged.eif'));
    const pcr8 = certificatePcr8(key.certificatePem);
    expect(verifySignature(image, { pcr8, at: signingTime })).toBe(image.signature);
    const refusals = [
      [image, { pcr8: certificatePcr8(other.certificatePem), at: signingTime }, 'ERR_EIF_SIGNER'],
      [image, { pcr8: '', at: signingTime }, 'ERR_EIF_SIGNER'],
      [image, { pcr8, at: new Date('2026-10-31T23:59:59Z') }, 'ERR_EIF_CERTIFICATE_NOT_YET_VALID'],
      [image, { pcr8, at: new Date('2026-11-02T00:00:01Z') }, 'ERR_EIF_CERTIFICATE_EXPIRED'],
      [image, { pcr8, at: new Date(NaN) }, 'ERR_EIF_CERTIFICATE_NOT_YET_VALID'],
      [await readImage(file('not-signed.eif')), { pcr8, at: signingTime }, 'ERR_EIF_NOT_SIGNED'],
    ] as const;
    for (const [given, policy, code] of refusals)
      expect(() => verifySignature(given, policy)).toThrow(expect.objectContaining({ code }));
  });
});

describe('a signature section', () => {
  interface Entry {
    certificate: string;
    header: Uint8Array;
    unprotected: object;
    payload: unknown;
    tail?: number[];
  }

  /** Returns a signature section. `edit` changes its parts before they are signed. */
  async function sectionWith(
    signer: SigningKey,
    edit: (entry: Entry) => void,
    after: (sign1: unknown[]) => unknown = (sign1) => sign1,
  ): Promise<Buffer> {
    await writeFile(file('base.eif'), rawImage(goodSections()));
    const { measurements } = await readImage(file('base.eif'));
    const entry: Entry = {
      certificate: signer.certificatePem,
      header: Uint8Array.of(0xa1, 1, 0x38, 0x22),
      unprotected: {},
      payload: { register_index: 0, register_value: [...Buffer.from(measurements.pcr0, 'hex')] },
    };
    edit(entry);
    const payload = encode(entry.payload);
    const signed = new Uint8Array(
      sign('sha384', encode(['Signature1', entry.header, new Uint8Array(), payload]), {
        key: createPrivateKey(signer.privateKeyPem),
        dsaEncoding: 'ieee-p1363',
      }),
    );
    const sign1 = [...encode(after([entry.header, entry.unprotected, payload, signed]))];
    const map = new Map<string, unknown>([
      ['signing_certificate', [...Buffer.from(entry.certificate)]],
      ['signature', sign1],
    ]);
    return Buffer.from([...encode([map], { mapSorter: () => 0 }), ...(entry.tail ?? [])]);
  }

  const refused = async (section: Uint8Array) => {
    await writeFile(file('wrong.eif'), rawImage([...goodSections(), { type: signature, data: section }]));
    return readImage(file('wrong.eif'));
  };

  it('is read if no byte was changed', async () => {
    expect((await refused(await sectionWith(key, () => undefined))).signature?.subject).toBe('CN=image signer');
  });

  const pcr = (byte: number, length = 48) => Array.from({ length }, () => byte);
  it.each<[string, string, (entry: Entry) => void]>([
    ['ERR_EIF_SIGNATURE_REGISTER', 'another PCR0', (e) => (e.payload = { register_index: 0, register_value: pcr(7) })],
    [
      'ERR_EIF_SIGNATURE_REGISTER',
      'another register',
      (e) => (e.payload = { register_index: 1, register_value: pcr(7) }),
    ],
    [
      'ERR_EIF_SIGNATURE_FORMAT',
      'a short register',
      (e) => (e.payload = { register_index: 0, register_value: pcr(7, 47) }),
    ],
    [
      'ERR_EIF_SIGNATURE_FORMAT',
      'a register of bytes',
      (e) => (e.payload = { register_index: 0, register_value: Uint8Array.from(pcr(7)) }),
    ],
    [
      'ERR_EIF_SIGNATURE_FORMAT',
      'a number that is no byte',
      (e) => (e.payload = { register_index: 0, register_value: pcr(256) }),
    ],
    [
      'ERR_EIF_SIGNATURE_FORMAT',
      'a third field',
      (e) => (e.payload = { register_index: 0, register_value: pcr(7), x: 0 }),
    ],
    ['ERR_EIF_SIGNATURE_FORMAT', 'a payload that is no map', (e) => (e.payload = pcr(0))],
    ['ERR_EIF_SIGNATURE_ALGORITHM', 'ES256, and a key on P-384', (e) => (e.header = Uint8Array.of(0xa1, 1, 0x26))],
    ['ERR_EIF_SIGNATURE_ALGORITHM', 'EdDSA', (e) => (e.header = Uint8Array.of(0xa1, 1, 0x27))],
    [
      'ERR_EIF_SIGNATURE_ALGORITHM',
      'ES384 and a key id',
      (e) => (e.header = Uint8Array.of(0xa2, 1, 0x38, 0x22, 4, 0x40)),
    ],
    ['ERR_EIF_SIGNATURE_ALGORITHM', 'no algorithm', (e) => (e.header = Uint8Array.of(0xa0))],
    ['ERR_EIF_SIGNATURE_FORMAT', 'an unprotected header', (e) => (e.unprotected = { 1: -35 })],
    ['ERR_EIF_SIGNATURE_FORMAT', 'bytes after the end', (e) => (e.tail = [0])],
    ['ERR_EIF_SIGNATURE', 'the certificate of another signer', (e) => (e.certificate = other.certificatePem)],
    ['ERR_EIF_SIGNATURE_CERTIFICATE', 'two certificates', (e) => (e.certificate += other.certificatePem)],
    ['ERR_EIF_SIGNATURE_CERTIFICATE', 'no certificate', (e) => (e.certificate = '')],
    ['ERR_EIF_SIGNATURE_CERTIFICATE', 'a key in place of the certificate', (e) => (e.certificate = key.privateKeyPem)],
    [
      'ERR_EIF_SIGNATURE_CERTIFICATE',
      'a damaged certificate',
      (e) => (e.certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
    ],
  ])('is refused with %s: %s', async (code, _what, edit) => {
    await expect(refused(await sectionWith(key, edit))).rejects.toMatchObject({ code });
  });

  it.each<[string, (sign1: unknown[]) => unknown]>([
    ['with a signature of 95 bytes', (sign1) => [...sign1.slice(0, 3), (sign1[3] as Uint8Array).subarray(1)]],
    ['with a fifth item', (sign1) => [...sign1, 0]],
    ['without a payload', ([header, unprotected, , signed]) => [header, unprotected, null, signed]],
  ])('is refused %s', async (_what, after) => {
    await expect(refused(await sectionWith(key, () => undefined, after))).rejects.toMatchObject({
      code: 'ERR_EIF_SIGNATURE_FORMAT',
    });
  });

  it.each([
    ['two signatures', '82'],
    ['no signature', '80'],
    ['lengths that are not the shortest', '9801'],
    ['lengths beyond the end', '81a2737369676e696e675f636572746966696361746599ffff'],
    ['an indefinite length', '9f'],
    ['a length of eight bytes', '9bffffffffffffffff'],
  ])('is refused: %s', async (_what, hex) => {
    const good = await sectionWith(key, () => undefined);
    await expect(refused(Buffer.concat([Buffer.from(hex, 'hex'), good.subarray(1)]))).rejects.toMatchObject({
      code: 'ERR_EIF_SIGNATURE_FORMAT',
    });
  });
});

describe('a key that cannot sign', () => {
  it.each<[string, () => Promise<SigningKey> | SigningKey]>([
    ['ERR_EIF_SIGNING_KEY', () => ({ ...key, privateKeyPem: other.privateKeyPem })],
    ['ERR_EIF_SIGNING_KEY', () => ({ ...key, privateKeyPem: 'sesame' })],
    ['ERR_EIF_SIGNING_KEY', async () => ({ ...key, privateKeyPem: (await makeSigningKey('P-256')).privateKeyPem })],
    ['ERR_EIF_SIGNATURE_CERTIFICATE', () => makeRsaKey()],
    ['ERR_EIF_SIGNATURE_CERTIFICATE', () => ({ ...key, certificatePem: key.certificatePem + other.certificatePem })],
  ])('is refused with %s, and the error contains no part of the key', async (code, make) => {
    const signing = await make();
    const attempt = writeImage({ ...parts, signing }, file('no.eif'));
    await expect(attempt).rejects.toMatchObject({ code });
    await expect(attempt).rejects.not.toThrow('sesame');
    expect((await readdir(folder)).some((name) => name.startsWith('no.eif'))).toBe(false);
  });
});

/** Returns the sections of a signed image, with the signature directly after the command line. */
async function signedSections(signing: SigningKey) {
  await writeFile(file('for-signing.eif'), rawImage(goodSections()));
  const { measurements } = await readImage(file('for-signing.eif'));
  const [k, c, ...rest] = goodSections();
  const section = { type: signature, data: prepareSigner(signing).sign(measurements.pcr0) };
  return [k!, c!, section, ...rest];
}
