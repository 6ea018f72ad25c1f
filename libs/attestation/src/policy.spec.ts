import { pcr3OfRole, verifyAttestation, type AttestationPolicy } from './index';
import { unsafeTrustAnchorFromPem } from './trust-anchor';

const pcr0 = 'ab'.repeat(48);
const valid = {
  acceptedMeasurements: [{ pcr0, pcr3: pcr0 }],
  freshness: { nonce: new Uint8Array(16) },
  maxAgeMs: 1,
  maxFutureSkewMs: 0,
};
/** Returns a policy with one set, which is valid except for `change`. */
const set = (change: object) => ({ ...valid, acceptedMeasurements: [{ pcr0, pcr3: pcr0, ...change }] });
// Takes any value, because plain JavaScript or a configuration could pass any.
const judge = (policy: unknown) => verifyAttestation(new Uint8Array(), policy as AttestationPolicy);

describe('a policy', () => {
  it('that is complete is accepted, and the document is examined', async () => {
    await expect(judge(valid)).rejects.toMatchObject({ code: 'ERR_ATTESTATION_CBOR' });
  });

  it.each([
    ['undefined instead of an object', undefined],
    ['null instead of an object', null],
    ['text instead of an object', 'any'],
    ['no measurements', { ...valid, acceptedMeasurements: undefined }],
    ['an empty list of measurements', { ...valid, acceptedMeasurements: [] }],
    ['measurements that are not a list', { ...valid, acceptedMeasurements: { pcr0 } }],
    ['a set without PCR0', { ...valid, acceptedMeasurements: [{ pcr1: pcr0, pcr3: pcr0 }] }],
    ['an empty set beside a good one', { ...valid, acceptedMeasurements: [{ pcr0, pcr3: pcr0 }, {}] }],
    ['a set that is null', { ...valid, acceptedMeasurements: [null] }],
    ['a misspelled PCR', set({ PCR8: pcr0 })],
    ['PCR5, which measures nothing', set({ pcr5: pcr0 })],
    ['PCR4 in place of PCR0', { ...valid, acceptedMeasurements: [{ pcr4: pcr0, pcr3: pcr0 }] }],
    ['PCR8 in place of PCR0', { ...valid, acceptedMeasurements: [{ pcr8: pcr0, pcr3: pcr0 }] }],
    ['a set without an operator', { ...valid, acceptedMeasurements: [{ pcr0 }] }],
    [
      'a set without an operator beside a good one',
      { ...valid, acceptedMeasurements: [{ pcr0, pcr3: pcr0 }, { pcr0 }] },
    ],
    ['an operator that is undefined', set({ pcr3: undefined })],
    ['an operator that is null', set({ pcr3: null })],
    ['an operator and any operator', set({ operator: 'any' })],
    ['an operator other than "any"', { ...valid, acceptedMeasurements: [{ pcr0, operator: '*' }] }],
    ['an operator that is not compared', { ...valid, acceptedMeasurements: [{ pcr0, operator: 'not_compared' }] }],
    ['an operator by the ARN of its role', set({ pcr3: 'arn:aws:iam::111122223333:role/parent' })],
    ['a zero PCR3', set({ pcr3: '00'.repeat(48) })],
    ['a zero PCR4', set({ pcr4: '00'.repeat(48) })],
    ['a zero PCR0', set({ pcr0: '00'.repeat(48) })],
    ['a zero PCR8', set({ pcr8: '00'.repeat(48) })],
    ['uppercase digits', set({ pcr0: pcr0.toUpperCase() })],
    ['a SHA-256', set({ pcr0: 'ab'.repeat(32) })],
    ['an extra digit', set({ pcr0: pcr0 + 'a' })],
    ['a newline at the end', set({ pcr0: pcr0 + '\n' })],
    ['bytes', set({ pcr0: new Uint8Array(48) })],
    ['no freshness', { ...valid, freshness: undefined }],
    ['freshness without a nonce', { ...valid, freshness: {} }],
    ['a nonce that is undefined', { ...valid, freshness: { nonce: undefined } }],
    ['a nonce that is text', { ...valid, freshness: { nonce: 'aaaaaaaaaaaaaaaaaaaa' } }],
    ['an empty nonce', { ...valid, freshness: { nonce: new Uint8Array() } }],
    ['a nonce that can be guessed', { ...valid, freshness: { nonce: new Uint8Array(15) } }],
    ['a nonce longer than a document can carry', { ...valid, freshness: { nonce: new Uint8Array(513) } }],
    [
      'both a nonce and documentTakenFromCache',
      { ...valid, freshness: { nonce: new Uint8Array(16), documentTakenFromCache: true } },
    ],
    ['documentTakenFromCache that is false', { ...valid, freshness: { documentTakenFromCache: false } }],
    ['no maximum age', { ...valid, maxAgeMs: undefined }],
    ['an endless age', { ...valid, maxAgeMs: Infinity }],
    ['an age that is not a number', { ...valid, maxAgeMs: NaN }],
    ['a negative age', { ...valid, maxAgeMs: -1 }],
    ['an age that is text', { ...valid, maxAgeMs: '60000' }],
    ['no future skew', { ...valid, maxFutureSkewMs: undefined }],
    ['a time that is not a Date', { ...valid, at: 0 }],
    ['an invalid Date', { ...valid, at: new Date(NaN) }],
  ])('with %s is refused before the document is examined', async (_, policy) => {
    await expect(judge(policy)).rejects.toMatchObject({
      name: 'AttestationError',
      code: 'ERR_ATTESTATION_POLICY',
      step: 'policy',
    });
  });

  it('takes a trust anchor only from this library', async () => {
    for (const trustAnchor of [{ sha256: new Uint8Array(32) }, 'AWS', {}]) {
      await expect(judge({ ...valid, trustAnchor })).rejects.toMatchObject({ code: 'ERR_ATTESTATION_TRUST_ANCHOR' });
    }
  });
});

describe('pcr3OfRole', () => {
  it('computes the example of the AWS Nitro Enclaves User Guide', () => {
    expect(pcr3OfRole('arn:aws:iam::123456789012:role/Webserver')).toBe(
      '78fce75db17cd4e0a3fb8dad3ad128ca5e77edbb2b2c7f75329dccd99aa5f6ef4fc1f1a452e315b9e98f9e312e6921e6',
    );
  });

  it.each([
    'arn:aws:iam::111122223333:role/team/parent',
    'arn:aws-us-gov:iam::111122223333:role/parent',
    'arn:aws-cn:iam::111122223333:role/a.b+c=d,e@f_g-h',
  ])('accepts %s', (arn) => {
    expect(pcr3OfRole(arn)).toMatch(/^[0-9a-f]{96}$/);
  });

  it.each([
    '',
    'parent',
    'arn:aws:iam::111122223333:instance-profile/parent',
    'arn:aws:sts::111122223333:assumed-role/parent/i-0123456789abcdef0',
    'arn:aws:iam::11112222333:role/parent',
    'arn:aws:iam::111122223333:role/',
    'arn:aws:iam::111122223333:role/parent\n',
    ' arn:aws:iam::111122223333:role/parent',
    'arn:aws:iam::111122223333:role/p\u00e4rent',
  ])('refuses %j', (arn) => {
    expect(() => pcr3OfRole(arn)).toThrow(expect.objectContaining({ code: 'ERR_ATTESTATION_POLICY' }));
  });
});

describe('unsafeTrustAnchorFromPem', () => {
  const block = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  it.each([
    ['an empty text', ''],
    ['a key', block.replaceAll('CERTIFICATE', 'PRIVATE KEY')],
    ['two certificates', block + block],
    ['a block that is not base64', block.replace('AAAA', 'A=AA')],
  ])('refuses %s', (_, pem) => {
    expect(() => unsafeTrustAnchorFromPem(pem)).toThrow(
      expect.objectContaining({ code: 'ERR_ATTESTATION_TRUST_ANCHOR' }),
    );
  });
});
