import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation/browser';
import { CHECK_NAMES, type CheckName } from '@communique-tee/enclave-identity/browser';
import { randomBytes } from 'node:crypto';
import {
  attest,
  configuration,
  developmentRoot,
  keyBinding,
  measurements,
  NOW_MS,
  sealingKey,
} from '../testing/enclave';
import { checkSentence } from './check-texts';
import { examine, type Examined, type Subject } from './examine';

const HOUR_MS = 3_600_000;
const OTHER = 'ab'.repeat(48);

describe('the checks', () => {
  const nonce = new Uint8Array(randomBytes(32));
  const anchor = unsafeTrustAnchorFromPem(developmentRoot);

  async function examined(
    over: Partial<Subject> = {},
    userData = keyBinding(),
  ): Promise<Examined & { states: Record<string, string>; order: string[]; sentence: (name: CheckName) => string }> {
    const document = over.document ?? attest({ nonce, userData });
    const found = await examine({
      document,
      configuration,
      nonce,
      accepted: [measurements],
      anchor,
      nowMs: NOW_MS,
      ...over,
    });
    const { checks } = found;
    const evidence = {
      ...found,
      answer: { nonce, document, roundTripMs: 1 },
      accepted: [measurements] as const,
      demo: true,
      atMs: NOW_MS,
    };
    return {
      ...found,
      states: Object.fromEntries(checks.map(({ name, state }) => [name, state])),
      order: checks.filter((check) => check.state !== 'not_run' || check.code !== undefined).map(({ name }) => name),
      sentence: (wanted) =>
        checks
          .filter(({ name }) => name === wanted)
          .map((check) => checkSentence(check, evidence))
          .join(''),
    };
  }

  it('are all made, in the order of the list, and pass, with a warning about the development root', async () => {
    const { verdict, order, states } = await examined();
    expect(order).toEqual(CHECK_NAMES);
    const { chain, ...rest } = states;
    expect(chain).toBe('warning');
    expect(new Set(Object.values(rest))).toEqual(new Set(['passed']));
    expect(verdict).toMatchObject({ kind: 'trusted', identity: { publicKey: sealingKey, custody: 'process' } });
  });

  it('trust no enclave if no image is named, and warn if any operator is accepted', async () => {
    const { verdict, states, order, sentence } = await examined({ accepted: undefined });
    expect(states).toMatchObject({ signature: 'passed', image: 'not_run', operator: 'not_run', key_binding: 'passed' });
    expect([verdict.kind, order]).toEqual(['uncompared', CHECK_NAMES]);
    expect(sentence('image')).toMatch(/no image to compare with/);
    const any = await examined({ accepted: [{ pcr0: measurements.pcr0, operator: 'any' }] });
    expect([any.verdict.kind, any.states['operator']]).toEqual(['trusted', 'warning']);
    expect(any.sentence('operator')).toMatch(/^Every operator is accepted/);
  });

  it('refuse an image under the operator of another accepted image', async () => {
    const { pcr0, pcr3 } = measurements;
    const { verdict } = await examined({
      accepted: [
        { pcr0, pcr3: OTHER },
        { pcr0: OTHER, pcr3 },
      ],
    });
    expect(verdict).toMatchObject({ kind: 'refused', check: 'operator', code: 'ERR_ATTESTATION_OPERATOR' });
  });

  it('use AWS’s root if none is given', async () => {
    const { verdict, order } = await examined({ anchor: undefined });
    expect(order).toEqual(['structure', 'chain']);
    expect(verdict).toMatchObject({ kind: 'refused', check: 'chain', code: 'ERR_ATTESTATION_ROOT', brokenLink: 0 });
  });

  it.each<[string, Partial<Subject>, CheckName, string]>([
    ['another image', { accepted: [{ ...measurements, pcr0: OTHER }] }, 'image', 'ERR_ATTESTATION_MEASUREMENT'],
    [
      'the image under the role of a stranger',
      { accepted: [{ ...measurements, pcr3: OTHER }] },
      'operator',
      'ERR_ATTESTATION_OPERATOR',
    ],
    ['another nonce', { nonce: new Uint8Array(32) }, 'nonce', 'ERR_ATTESTATION_NONCE'],
    ['an old document', { nowMs: NOW_MS + HOUR_MS }, 'age', 'ERR_ATTESTATION_TOO_OLD'],
    ['a chain that has expired', { nowMs: NOW_MS + 4 * HOUR_MS }, 'chain', 'ERR_ATTESTATION_CERTIFICATE_EXPIRED'],
    ['no document', { document: new Uint8Array(9) }, 'structure', 'ERR_ATTESTATION_CBOR_TRAILING'],
  ])('refuse %s, and stop there', async (_, over, check, code) => {
    const { verdict, order, states } = await examined(over);
    expect(verdict).toMatchObject({ kind: 'refused', check, code });
    expect(order).toEqual(CHECK_NAMES.slice(0, CHECK_NAMES.indexOf(check) + 1));
    expect(states[check]).toBe('failed');
  });

  it('refuse a document in which one bit was flipped', async () => {
    const document = attest({ nonce });
    for (let at = 0; at < document.length; at += 97) {
      const forged = Uint8Array.from(document);
      forged[at] = (forged[at] ?? 0) ^ 1;
      expect((await examined({ document: forged })).verdict.kind).toBe('refused');
    }
  });

  it('refuse a key binding that does not match the document', async () => {
    for (const userData of [keyBinding({ keyId: new Uint8Array(16) }), Uint8Array.of(0)])
      expect((await examined({}, userData)).verdict).toMatchObject({ kind: 'refused', check: 'key_binding' });
  });

  it('state how the enclave keeps its keys', async () => {
    const custody = 'arn:aws:kms:us-east-1:123456789012:alias/enclave';
    const { states, sentence } = await examined(
      { configuration: () => Promise.resolve(undefined) },
      keyBinding({ custody }),
    );
    expect(states['custody']).toBe('passed');
    expect(sentence('custody')).toContain(custody);
  });

  it('state what the enclave is set up to do, if the server returns the attested configuration', async () => {
    expect((await examined()).sentence('configuration')).toBe(
      'It delivers to the House at https://house.example (recognizes a repeated message); the Senate at https://senate.example (does not recognize a repeated message). It can connect to house.example:443, senate.example:443, and to nothing else. The older way of sealing is off.',
    );
    const { states, verdict } = await examined({ configuration: () => Promise.resolve(undefined) });
    expect([states['configuration'], verdict.kind]).toEqual(['not_run', 'trusted']);
    expect((await examined({ configuration: configuration.with(2, 0x41) })).verdict).toMatchObject({
      kind: 'refused',
      check: 'configuration',
      code: 'configuration_mismatch',
    });
  });

  it('report which certificate of the chain was refused', async () => {
    const { verdict } = await examined({ nowMs: NOW_MS + 4 * HOUR_MS });
    expect(verdict).toMatchObject({ kind: 'refused', check: 'chain', brokenLink: 4 });
  });
});
