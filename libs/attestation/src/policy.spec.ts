import { verifyAttestation, type AttestationPolicy } from './index';
import { unsafeTrustAnchorFromPem } from './trust-anchor';

const pcr0 = 'ab'.repeat(48);
const valid = {
  acceptedMeasurements: [{ pcr0 }],
  freshness: { nonce: new Uint8Array(16) },
  maxAgeMs: 1,
  maxFutureSkewMs: 0,
};
// What plain JavaScript, or a configuration, could hand in.
const judge = (policy: unknown) => verifyAttestation(new Uint8Array(), policy as AttestationPolicy);

describe('a policy', () => {
  it('that is whole lets the document be judged', async () => {
    await expect(judge(valid)).rejects.toMatchObject({ code: 'ERR_ATTESTATION_CBOR' });
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'any'],
    ['no measurements', { ...valid, acceptedMeasurements: undefined }],
    ['an empty list of measurements', { ...valid, acceptedMeasurements: [] }],
    ['measurements that are no list', { ...valid, acceptedMeasurements: { pcr0 } }],
    ['a set without PCR0', { ...valid, acceptedMeasurements: [{ pcr1: pcr0 }] }],
    ['an empty set beside a good one', { ...valid, acceptedMeasurements: [{ pcr0 }, {}] }],
    ['a set that is null', { ...valid, acceptedMeasurements: [null] }],
    ['a misspelt PCR', { ...valid, acceptedMeasurements: [{ pcr0, PCR8: pcr0 }] }],
    ['PCR4, which differs per instance', { ...valid, acceptedMeasurements: [{ pcr0, pcr4: pcr0 }] }],
    ['a zero PCR0', { ...valid, acceptedMeasurements: [{ pcr0: '00'.repeat(48) }] }],
    ['a zero PCR8', { ...valid, acceptedMeasurements: [{ pcr0, pcr8: '00'.repeat(48) }] }],
    ['uppercase digits', { ...valid, acceptedMeasurements: [{ pcr0: pcr0.toUpperCase() }] }],
    ['a SHA-256', { ...valid, acceptedMeasurements: [{ pcr0: 'ab'.repeat(32) }] }],
    ['a digit too much', { ...valid, acceptedMeasurements: [{ pcr0: pcr0 + 'a' }] }],
    ['a newline at the end', { ...valid, acceptedMeasurements: [{ pcr0: pcr0 + '\n' }] }],
    ['bytes', { ...valid, acceptedMeasurements: [{ pcr0: new Uint8Array(48) }] }],
    ['no freshness', { ...valid, freshness: undefined }],
    ['freshness without a nonce', { ...valid, freshness: {} }],
    ['a nonce that is undefined', { ...valid, freshness: { nonce: undefined } }],
    ['a nonce that is text', { ...valid, freshness: { nonce: 'aaaaaaaaaaaaaaaaaaaa' } }],
    ['an empty nonce', { ...valid, freshness: { nonce: new Uint8Array() } }],
    ['a nonce that can be guessed', { ...valid, freshness: { nonce: new Uint8Array(15) } }],
    ['a nonce longer than documents have', { ...valid, freshness: { nonce: new Uint8Array(513) } }],
    [
      'a nonce and the escape from it',
      { ...valid, freshness: { nonce: new Uint8Array(16), documentTakenFromCache: true } },
    ],
    ['the escape not meant', { ...valid, freshness: { documentTakenFromCache: false } }],
    ['no maximum age', { ...valid, maxAgeMs: undefined }],
    ['an endless age', { ...valid, maxAgeMs: Infinity }],
    ['an age that is no number', { ...valid, maxAgeMs: NaN }],
    ['a negative age', { ...valid, maxAgeMs: -1 }],
    ['an age that is text', { ...valid, maxAgeMs: '60000' }],
    ['no future skew', { ...valid, maxFutureSkewMs: undefined }],
    ['a time that is no Date', { ...valid, at: 0 }],
    ['an invalid Date', { ...valid, at: new Date(NaN) }],
  ])('of %s is refused before the document is looked at', async (_, policy) => {
    await expect(judge(policy)).rejects.toMatchObject({
      name: 'AttestationError',
      code: 'ERR_ATTESTATION_POLICY',
      step: 'policy',
    });
  });

  it('takes a trust anchor from this library only', async () => {
    for (const trustAnchor of [{ sha256: new Uint8Array(32) }, 'AWS', {}]) {
      await expect(judge({ ...valid, trustAnchor })).rejects.toMatchObject({ code: 'ERR_ATTESTATION_TRUST_ANCHOR' });
    }
  });
});

describe('unsafeTrustAnchorFromPem', () => {
  const block = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  it.each([
    ['nothing', ''],
    ['a key', block.replaceAll('CERTIFICATE', 'PRIVATE KEY')],
    ['two certificates', block + block],
    ['what is not base64', block.replace('AAAA', 'A=AA')],
  ])('refuses %s', (_, pem) => {
    expect(() => unsafeTrustAnchorFromPem(pem)).toThrow(
      expect.objectContaining({ code: 'ERR_ATTESTATION_TRUST_ANCHOR' }),
    );
  });
});
