import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation/browser';
import { keyIdOf } from '@communique-tee/crypto/browser';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { encodeKeyBinding, encodePublicConfiguration } from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { createHash, randomBytes } from 'node:crypto';
import { CHECKS } from '@communique-tee/page/trust/checks';
import { examine, type Finding, type Subject, type Verdict } from '@communique-tee/page/trust/examine';

const HOUR_MS = 3_600_000;
const OTHER = 'ab'.repeat(48);

// Here and not beside the sources: those are typed for a browser, where the mock NSM is not.
describe('the checks', () => {
  let folder: TemporaryFolder;
  let nsm: Nsm;
  let pem: string;
  const nonce = new Uint8Array(randomBytes(32));
  const publicKey = new Uint8Array(randomBytes(32));
  const binding = (over = {}) =>
    encodeKeyBinding({
      keyId: keyIdOf(publicKey),
      receiptKey: new Uint8Array(32).fill(7),
      custody: 'process',
      configSha256: new Uint8Array(createHash('sha256').update(configuration).digest()),
      ...over,
    });

  const chamber = (name: string) => ({ origin: `https://${name}.example`, deduplicates: name === 'house' });
  const configuration = encodePublicConfiguration({
    version: 1,
    stack: 'test',
    custody: 'process',
    legacySuite: false,
    egress: ['house.example:443', 'senate.example:443'],
    services: {
      congress: {
        acceptReplayAcrossEnclaves: false,
        officesAsOf: '2026-11-29',
        house: chamber('house'),
        senate: chamber('senate'),
      },
    },
  });

  beforeAll(async () => {
    folder = await temporaryFolder('page');
    nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.path }));
    pem = await developmentRootPem(folder.path);
  });
  afterAll(async () => {
    await nsm.close();
    await folder.remove();
  });

  async function examined(
    over: Partial<Subject> = {},
    userData = binding(),
  ): Promise<{ verdict: Verdict; states: Record<string, string>; order: string[]; findings: readonly Finding[] }> {
    const document = over.document ?? (await nsm.attest({ publicKey, userData, nonce }));
    const { verdict, findings } = await examine({
      document,
      configuration,
      nonce,
      accepted: { pcr0s: [developmentMeasurements.pcr0], operator: [developmentMeasurements.pcr3] },
      anchor: unsafeTrustAnchorFromPem(pem),
      nowMs: Date.now(),
      ...over,
    });
    return {
      verdict,
      findings,
      states: Object.fromEntries(findings.map(({ id, state }) => [id, state])),
      order: findings.filter(({ state }) => state !== 'waiting').map(({ id }) => id),
    };
  }
  const all = CHECKS.map(({ id }) => id).filter((id) => id !== 'answer');

  it('are all made, in the order of the list, and hold', async () => {
    const { verdict, order, states } = await examined();
    expect(order).toEqual(all);
    const { chain, ...rest } = states;
    expect(chain).toBe('warning');
    expect(new Set(Object.values(rest))).toEqual(new Set(['passed']));
    expect(verdict).toMatchObject({ kind: 'trusted', identity: { publicKey, custody: 'process' } });
  });

  it('trust nothing where no image was named', async () => {
    const { verdict, states } = await examined({ accepted: undefined });
    expect(states).toMatchObject({ signature: 'passed', image: 'open', operator: 'open', key_binding: 'passed' });
    expect(verdict.kind).toBe('unmeasured');
  });

  it('trust nothing where no operator was named, and warn where any operator is accepted', async () => {
    const pcr0s = [developmentMeasurements.pcr0] as const;
    const unnamed = await examined({ accepted: { pcr0s, operator: undefined } });
    expect(unnamed.states).toMatchObject({ image: 'passed', operator: 'open', key_binding: 'passed' });
    expect(unnamed.verdict.kind).toBe('unmeasured');
    const any = await examined({ accepted: { pcr0s, operator: 'any' } });
    expect(any.findings.find(({ id }) => id === 'operator')).toMatchObject({
      state: 'warning',
      detail: expect.stringContaining('You accept any operator') as string,
    });
    expect(any.verdict.kind).toBe('trusted');
  });

  it('take AWS’s root where none is given', async () => {
    const { verdict, order } = await examined({ anchor: undefined });
    expect(order).toEqual(['structure', 'chain']);
    expect(verdict).toMatchObject({ kind: 'refused', check: 'chain', code: 'ERR_ATTESTATION_ROOT', brokenLink: 0 });
  });

  it.each<[string, Partial<Subject>, string, string]>([
    [
      'another image',
      { accepted: { pcr0s: [OTHER], operator: [developmentMeasurements.pcr3] } },
      'image',
      'ERR_ATTESTATION_MEASUREMENT',
    ],
    [
      'the image under the role of a stranger',
      { accepted: { pcr0s: [developmentMeasurements.pcr0], operator: [OTHER] } },
      'operator',
      'ERR_ATTESTATION_OPERATOR',
    ],
    ['another nonce', { nonce: new Uint8Array(32) }, 'nonce', 'ERR_ATTESTATION_NONCE'],
    ['an old document', { nowMs: Date.now() + HOUR_MS }, 'age', 'ERR_ATTESTATION_TOO_OLD'],
    ['a chain that has ended', { nowMs: Date.now() + 4 * HOUR_MS }, 'chain', 'ERR_ATTESTATION_CERTIFICATE_EXPIRED'],
    ['no document', { document: new Uint8Array(9) }, 'structure', 'ERR_ATTESTATION_CBOR_TRAILING'],
  ])('refuse %s, and stop there', async (_, over, check, code) => {
    const { verdict, order, states } = await examined(over);
    expect(verdict).toMatchObject({ kind: 'refused', check, code });
    expect(order).toEqual(all.slice(0, all.indexOf(check as (typeof all)[number]) + 1));
    expect(states[check]).toBe('failed');
  });

  it('refuse every document in which one bit was turned', async () => {
    const document = await nsm.attest({ publicKey, userData: binding(), nonce });
    for (let at = 0; at < document.length; at += 97) {
      const forged = Uint8Array.from(document);
      forged[at] = (forged[at] ?? 0) ^ 1;
      expect((await examined({ document: forged })).verdict.kind).toBe('refused');
    }
  });

  it('refuse keys that are not those of the document', async () => {
    expect((await examined({}, binding({ keyId: new Uint8Array(16) }))).verdict).toMatchObject({
      kind: 'refused',
      check: 'key_binding',
    });
    expect((await examined({}, Uint8Array.of(0))).verdict).toMatchObject({ kind: 'refused', check: 'key_binding' });
  });

  it('name who guards the keys', async () => {
    const custody = 'arn:aws:kms:us-east-1:123456789012:alias/enclave';
    const { findings } = await examined({}, binding({ custody }));
    expect(findings.find(({ id }) => id === 'custody')).toMatchObject({
      state: 'passed',
      detail: expect.stringContaining(custody) as string,
    });
  });

  it('name what the enclave is set up to do, where the server gives the configuration that is attested', async () => {
    const { findings } = await examined();
    expect(findings.at(-1)).toMatchObject({
      id: 'configuration',
      state: 'passed',
      detail: expect.stringContaining(
        'https://house.example (recognizes a repeated message) and the Senate at https://senate.example (does not',
      ) as string,
    });
    const { states, verdict } = await examined({ configuration: () => Promise.resolve(undefined) });
    expect([states['configuration'], verdict.kind]).toEqual(['open', 'trusted']);
    expect((await examined({ configuration: configuration.with(2, 0x41) })).verdict).toMatchObject({
      kind: 'refused',
      check: 'configuration',
      code: 'configuration_mismatch',
    });
  });

  it('know which link broke', async () => {
    const { verdict } = await examined({ nowMs: Date.now() + 4 * HOUR_MS });
    expect(verdict).toMatchObject({ kind: 'refused', check: 'chain', brokenLink: 4 });
  });
});
