import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { decode, encode } from 'cborg';
import {
  pcr3OfRole,
  readAttestation_unverified,
  unsafeTrustAnchorFromPem,
  verifyAttestation,
} from '@communique-tee/attestation';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { createNsm } from '@communique-tee/nsm';
import {
  createMockNsmTransport,
  developmentMeasurements,
  developmentRoleArn,
  developmentRootPem,
  type MockNsmOptions,
} from './index';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe('the mock NSM', () => {
  let rootFolder: string;
  beforeEach(() => {
    rootFolder = mkdtempSync(join(tmpdir(), 'nsm-mock-'));
  });
  afterEach(() => {
    rmSync(rootFolder, { recursive: true });
  });

  const open = async (options: Partial<MockNsmOptions> = {}) =>
    createNsm(await createMockNsmTransport({ rootFolder, ...options }));
  const verify = async (
    document: Uint8Array,
    nonce: Uint8Array | undefined,
    pcr0 = developmentMeasurements.pcr0,
    at = new Date(),
  ) =>
    verifyAttestation(document, {
      acceptedMeasurements: [{ pcr0, pcr3: developmentMeasurements.pcr3 }],
      freshness: nonce ? { nonce } : { documentTakenFromCache: true },
      maxAgeMs: 60_000,
      maxFutureSkewMs: 0,
      at,
      trustAnchor: unsafeTrustAnchorFromPem(await developmentRootPem(rootFolder)),
    });

  it('signs documents that verify under its root, with the longest fields that the NSM accepts', async () => {
    const nsm = await open();
    const nonce = new Uint8Array(512).fill(1);
    const userData = new Uint8Array(512).fill(2);
    const publicKey = new Uint8Array(1024).fill(3);
    const verified = await verify(await nsm.attest({ nonce, userData, publicKey }), nonce);
    expect(verified).toMatchObject({ nonce, userData, publicKey, pcr0: developmentMeasurements.pcr0 });
    expect([...verified.pcrs.keys()]).toEqual(Array.from({ length: 16 }, (_, i) => i));
  });

  it('omits fields that the request omits', async () => {
    const verified = await verify(await (await open()).attest({}), undefined);
    expect(verified).not.toHaveProperty('nonce');
    expect(verified).not.toHaveProperty('userData');
    expect(verified).not.toHaveProperty('publicKey');
  });

  it('signs documents that a verifier with only the AWS root refuses', async () => {
    const document = await (await open()).attest({});
    await expect(
      verifyAttestation(document, {
        acceptedMeasurements: [developmentMeasurements],
        freshness: { documentTakenFromCache: true },
        maxAgeMs: 60_000,
        maxFutureSkewMs: 0,
      }),
    ).rejects.toMatchObject({ code: 'ERR_ATTESTATION_ROOT' });
  });

  it('makes certificates that are valid as long as real ones, and OpenSSL accepts every signature', async () => {
    const { certificate, cabundle, certificates } = readAttestation_unverified(await (await open()).attest({}));
    const validities = certificates.map(({ notBeforeMs, notAfterMs }) => (notAfterMs - notBeforeMs) / hourMs);
    [30 * 365 * 24, 20 * 24, 5.6 * 24, 24, 3].forEach((hours, i) => {
      expect(validities[i]).toBeGreaterThanOrEqual(hours);
      expect(validities[i]).toBeLessThan(hours + (i === 0 ? 25 : 0.01));
    });
    const chain = [...cabundle, certificate].map((der) => new X509Certificate(der));
    chain.forEach((each, i) => {
      const issuer = chain[Math.max(0, i - 1)];
      expect(issuer && each.checkIssued(issuer) && each.verify(issuer.publicKey)).toBe(true);
      expect(each.ca).toBe(i < 4);
    });
  });

  it('renews only the certificates that end soon', async () => {
    let nowMs = Date.now();
    const nsm = await open({ now: () => nowMs });
    const seen: Uint8Array[][] = [];
    for (const laterMs of [0, 2 * hourMs, hourMs, 20 * hourMs, 5 * dayMs, 15 * dayMs]) {
      nowMs += laterMs;
      const document = await nsm.attest({});
      await verify(document, undefined, undefined, new Date(nowMs));
      const { certificate, cabundle } = readAttestation_unverified(document);
      seen.push([...cabundle, certificate]);
    }
    const kept = seen
      .slice(1)
      .map((chain, i) => chain.map((der, level) => Buffer.compare(der, seen[i]?.[level] ?? new Uint8Array()) === 0));
    expect(kept).toEqual([
      [true, true, true, true, true],
      [true, true, true, true, false],
      [true, true, true, false, false],
      [true, true, false, false, false],
      [true, false, false, false, false],
    ]);
  });

  it('keeps its root on disk, with a key that only its owner can read', async () => {
    const [first, second] = await Promise.all([developmentRootPem(rootFolder), developmentRootPem(rootFolder)]);
    expect(second).toBe(first);
    expect(await developmentRootPem(rootFolder)).toBe(first);
    expect(statSync(join(rootFolder, 'development-root/key.pem')).mode & 0o777).toBe(0o600);
    await verify(await (await open()).attest({}), undefined);
  });

  it('reports a damaged root certificate, and one that belongs to another key', async () => {
    await developmentRootPem(rootFolder);
    const file = join(rootFolder, 'development-root/certificate.pem');
    const other = mkdtempSync(join(tmpdir(), 'nsm-mock-'));
    writeFileSync(file, await developmentRootPem(other));
    rmSync(other, { recursive: true });
    await expect(open()).rejects.toMatchObject({ code: 'ERR_NSM_MOCK_ROOT' });
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 300));
    await expect(open()).rejects.toMatchObject({ code: 'ERR_NSM_MOCK_ROOT' });
  });

  it('does not use an expired root', async () => {
    await developmentRootPem(rootFolder);
    await expect(open({ now: () => Date.now() + 31 * 365 * dayMs })).rejects.toMatchObject({
      code: 'ERR_NSM_MOCK_ROOT',
    });
  });

  it('does not start in production', async () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      await expect(open()).rejects.toMatchObject({ code: 'ERR_NSM_MOCK_PRODUCTION' });
      await expect(developmentRootPem(rootFolder)).rejects.toMatchObject({ code: 'ERR_NSM_MOCK_PRODUCTION' });
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  it('hashes a made-up role into PCR3, by the formula of AWS', async () => {
    expect(developmentMeasurements.pcr3).toBe(pcr3OfRole(developmentRoleArn));
    expect(await verify(await (await open()).attest({}), undefined)).toMatchObject({
      pcr3: developmentMeasurements.pcr3,
    });
  });

  it('is accepted by the example policy of development', () => {
    const { pcr0, pcr3 } = developmentMeasurements;
    const file = join(workspaceRoot(), 'docs/examples/development-policy.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ acceptedMeasurements: [{ pcr0, pcr3 }] });
  });

  it('takes other PCRs as an option, and a PCR of zeros looks like debug mode', async () => {
    const pcr0 = new Uint8Array(48).fill(0xab);
    await verify(await (await open({ pcrs: new Map([[0, pcr0]]) })).attest({}), undefined, 'ab'.repeat(48));
    const debug = await (await open({ pcrs: new Map([[1, new Uint8Array(48)]]) })).attest({});
    await expect(verify(debug, undefined)).rejects.toMatchObject({ code: 'ERR_ATTESTATION_DEBUG' });
    await expect(open({ pcrs: new Map([[16, pcr0]]) })).rejects.toMatchObject({ code: 'ERR_NSM_MOCK_OPTIONS' });
    await expect(open({ pcrs: new Map([[0, new Uint8Array(32)]]) })).rejects.toMatchObject({
      code: 'ERR_NSM_MOCK_OPTIONS',
    });
  });

  it('describes itself and its PCRs, and returns random bytes', async () => {
    const nsm = await open({ moduleId: 'i-1-enc2' });
    expect(await nsm.describe()).toMatchObject({
      moduleId: 'i-1-enc2',
      digest: 'SHA384',
      maxPcrs: 32,
      versionMajor: 1,
    });
    const { lock, value } = await nsm.describePcr(0);
    expect({ lock, value: Buffer.from(value).toString('hex') }).toEqual({
      lock: true,
      value: developmentMeasurements.pcr0,
    });
    expect(await nsm.describePcr(31)).toEqual({ lock: false, value: new Uint8Array(48) });
    await expect(nsm.describePcr(32)).rejects.toMatchObject({ code: 'ERR_NSM_INVALID_INDEX' });
    expect(Buffer.compare(await nsm.random(600), await nsm.random(600))).not.toBe(0);
  });

  it.each([
    ['bytes that are not CBOR', Uint8Array.of(0xff), 'InvalidOperation'],
    ['no bytes', new Uint8Array(), 'InvalidOperation'],
    ['an unknown name', encode('Attest'), 'InvalidOperation'],
    ['fields in a request that takes none', encode({ GetRandom: {} }), 'InvalidOperation'],
    ['two names', encode({ Attestation: {}, DescribePCR: {} }), 'InvalidOperation'],
    ['fields that are not a map', encode({ Attestation: [] }), 'InvalidOperation'],
    ['a field of the wrong type', encode({ Attestation: { nonce: 1 } }), 'InvalidOperation'],
    ['a nonce that is too long', encode({ Attestation: { nonce: new Uint8Array(513) } }), 'InputTooLarge'],
    ['user data that is too long', encode({ Attestation: { user_data: new Uint8Array(513) } }), 'InputTooLarge'],
    ['a public key that is too long', encode({ Attestation: { public_key: new Uint8Array(1025) } }), 'InputTooLarge'],
    ['an empty public key', encode({ Attestation: { public_key: new Uint8Array() } }), 'InvalidArgument'],
    ['more bytes than the driver accepts', new Uint8Array(4097), 'InputTooLarge'],
    ['no index', encode({ DescribePCR: {} }), 'InvalidOperation'],
    ['an index out of range', encode({ DescribePCR: { index: 32 } }), 'InvalidIndex'],
  ])('refuses %s with the same error as the device', async (_, request, error) => {
    const transport = await createMockNsmTransport({ rootFolder });
    expect(decode(await transport.request(request))).toEqual({ Error: error });
  });

  it('refuses requests after close', async () => {
    const nsm = await open();
    await nsm.close();
    await expect(nsm.attest({})).rejects.toMatchObject({ code: 'ERR_NSM_CLOSED' });
  });
});
