import { nodePrimitives } from './primitives/primitives.node';
import type { AttestationPrimitives } from './primitives/primitives';
import { unsafeTrustAnchorFromPem } from './trust-anchor';
import { AttestationError } from './errors';
import { anotherLeaf, link, newKeys, pem, testTimeMs } from './testing/chain-writer';
import { testNonce, writeDocument, type Edits } from './testing/document-writer';
import { pcrHex } from './testing/cases/case';
import type { AttestationPolicy } from './policy';
import { createVerifier, stepsOf, verify, type AttestationVerifierOptions } from './verify';
import { SignatureCache, type SignedCertificate } from './signature-cache';

/** Returns functions of the library, and counts of their expensive operations. */
function counted() {
  const count = { verified: 0, imported: 0 };
  const primitives: AttestationPrimitives = {
    sha256: (bytes) => nodePrimitives.sha256(bytes),
    async importP384(point) {
      count.imported++;
      const key = await nodePrimitives.importP384(point);
      return {
        verify(message, signature) {
          count.verified++;
          return key.verify(message, signature);
        },
      };
    },
  };
  return {
    count,
    verifyAttestation: (document: Uint8Array, policy: AttestationPolicy) =>
      verify(document, policy, stepsOf(primitives)),
    createAttestationVerifier: (options?: AttestationVerifierOptions) => createVerifier(primitives, options),
  };
}

function written(edits: Edits = {}) {
  const { document, rootDer } = writeDocument(edits);
  return {
    document,
    policy: {
      acceptedMeasurements: [{ pcr0: pcrHex(0), pcr3: pcrHex(3) }] as const,
      freshness: { nonce: testNonce },
      maxAgeMs: 60_000,
      maxFutureSkewMs: 0,
      at: new Date(testTimeMs),
      trustAnchor: unsafeTrustAnchorFromPem(pem(rootDer)),
    },
  };
}

describe('createAttestationVerifier', () => {
  it('makes verifiers that check five signatures the first time and one later; verifyAttestation always checks five', async () => {
    const { count, verifyAttestation, createAttestationVerifier } = counted();
    const { document, policy } = written();
    const { verify: verifyAgain } = createAttestationVerifier();
    await verifyAgain(document, policy);
    expect(count).toEqual({ verified: 5, imported: 5 });
    await verifyAgain(document, policy);
    expect(count).toEqual({ verified: 6, imported: 5 });
    await verifyAttestation(document, policy);
    expect(count).toEqual({ verified: 11, imported: 10 });
  });

  it('checks no signature of a remembered document, and one signature if a byte has changed', async () => {
    const { count, createAttestationVerifier } = counted();
    const { verify: verifyAgain } = createAttestationVerifier({ maxRememberedDocuments: 1 });
    const [first, second] = [written(), written()];
    await verifyAgain(first.document, first.policy);
    await verifyAgain(first.document, first.policy);
    expect(count.verified).toBe(5);
    const turned = first.document.slice();
    turned[turned.length - 1] = (turned.at(-1) ?? 0) ^ 1; // the last byte of the signature
    await expect(verifyAgain(turned, first.policy)).rejects.toMatchObject({ code: 'ERR_ATTESTATION_SIGNATURE' });
    expect(count.verified).toBe(6);
    await verifyAgain(second.document, second.policy);
    expect(count.verified).toBe(7);
    // The second document has replaced the first in the memory
    await verifyAgain(first.document, first.policy);
    expect(count.verified).toBe(8);
  });

  it('checks two signatures for a new leaf below a known bundle', async () => {
    const { count, createAttestationVerifier } = counted();
    const { verify: verifyAgain } = createAttestationVerifier();
    const first = written();
    await verifyAgain(first.document, first.policy);
    const leaf = anotherLeaf();
    const second = written({
      certificates: (all) => [...all.slice(0, -1), leaf.der],
      envelope: (envelope) => (envelope.signWith = leaf.privateKey),
    });
    await verifyAgain(second.document, second.policy);
    expect(count.verified).toBe(5 + 2);
  });

  it('does not remember a wrong signature', async () => {
    const { count, createAttestationVerifier } = counted();
    const { verify: verifyAgain } = createAttestationVerifier();
    const { document, policy } = written({ chain: (links) => (link(links, 'zonal').signWith = newKeys().privateKey) });
    for (let i = 0; i < 2; i++)
      await expect(verifyAgain(document, policy)).rejects.toMatchObject({
        code: 'ERR_ATTESTATION_CERTIFICATE_SIGNATURE',
      });
    expect(count.verified).toBe(3); // the regional certificate once, the zonal one twice
  });

  it.each([
    ['the time', { at: new Date(testTimeMs + 3 * 3_600_000) }, 'ERR_ATTESTATION_CERTIFICATE_EXPIRED'],
    [
      'the measurements',
      { acceptedMeasurements: [{ pcr0: pcrHex(5), pcr3: pcrHex(3) }] as const },
      'ERR_ATTESTATION_MEASUREMENT',
    ],
    ['the nonce', { freshness: { nonce: new Uint8Array(32) } }, 'ERR_ATTESTATION_NONCE'],
    ['the age', { maxAgeMs: 0 }, 'ERR_ATTESTATION_TOO_OLD'],
    ['the trust anchor', { trustAnchor: unsafeTrustAnchorFromPem(pem(new Uint8Array(9))) }, 'ERR_ATTESTATION_ROOT'],
  ])('checks %s every time', async (_, change, code) => {
    const { verify: verifyAgain } = counted().createAttestationVerifier({ maxRememberedDocuments: 8 });
    const { document, policy } = written();
    await verifyAgain(document, policy);
    await expect(verifyAgain(document, { ...policy, ...change })).rejects.toMatchObject({ code });
    await expect(verifyAgain(document, policy)).resolves.toBeDefined();
  });

  it('refuses a chain with wrong flags every time', async () => {
    const { verify: verifyAgain } = counted().createAttestationVerifier();
    const { document, policy } = written({ chain: (links) => (link(links, 'zonal').parts.extensions = []) });
    for (let i = 0; i < 2; i++) await expect(verifyAgain(document, policy)).rejects.toBeInstanceOf(AttestationError);
  });

  it('still verifies if it may remember only one signature', async () => {
    const { count, createAttestationVerifier } = counted();
    const { verify: verifyAgain } = createAttestationVerifier({ maxCachedSignatures: 1 });
    const { document, policy } = written();
    for (let i = 0; i < 3; i++) await verifyAgain(document, policy);
    expect(count.verified).toBe(15);
  });
});

describe('SignatureCache', () => {
  it('drops the least recently used entry', () => {
    const cache = new SignatureCache(2);
    const signed = {} as SignedCertificate;
    cache.set('a', signed);
    cache.set('b', signed);
    cache.get('a');
    cache.set('c', signed);
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([signed, undefined, signed]);
    expect(cache.size).toBe(2);
  });

  it('distinguishes certificate and issuer', () => {
    const cache = new SignatureCache(2);
    const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    expect(cache.link(a, b)).not.toBe(cache.link(b, a));
  });
});
