import fc from 'fast-check';
import { AttestationError, verifyAttestation, type VerifiedAttestation } from './index';
import { unsafeTrustAnchorFromPem } from './trust-anchor';
import { fromBase64, policyOf } from './testing/test-case';
import { extension } from './testing/certificate-writer';
import { testCase } from './testing/cases/case';
import { link, pem } from './testing/chain-writer';
import { sequence } from './testing/der-writer';
import { writeDocument, type Edits } from './testing/document-writer';
import { readAttestation_unverified } from './verify';

const { documentBase64, policy } = testCase('to be mutated', 'verified');
const valid = fromBase64(documentBase64);
const checked = policyOf(policy, { unsafeTrustAnchorFromPem });

async function mustBeRefused(document: Uint8Array): Promise<void> {
  let verified: VerifiedAttestation;
  try {
    verified = await verifyAttestation(document, checked);
  } catch (error) {
    if (error instanceof AttestationError) return;
    throw error;
  }
  throw new Error(`verified: ${verified.moduleId}`);
}

const position = fc.nat({ max: valid.length - 1 });
const replaceAt = (at: number, bytes: Uint8Array) => {
  const out = valid.slice();
  out.set(bytes.subarray(0, valid.length - at), at);
  return out;
};
const same = (document: Uint8Array) => Buffer.compare(document, valid) === 0;

describe('a valid document', () => {
  it('verifies unchanged', async () => {
    await expect(verifyAttestation(valid, checked)).resolves.toBeDefined();
  });

  it('does not verify with any one bit flipped', async () => {
    await fc.assert(
      fc.asyncProperty(position, fc.nat({ max: 7 }), (at, bit) =>
        mustBeRefused(replaceAt(at, Uint8Array.of((valid[at] ?? 0) ^ (1 << bit)))),
      ),
      { numRuns: 1500 },
    );
  });

  it('does not verify with bytes replaced, inserted, removed, repeated or moved', async () => {
    const mutation = fc.oneof(
      fc.tuple(position, fc.uint8Array({ minLength: 1, maxLength: 40 })).map(([at, bytes]) => replaceAt(at, bytes)),
      fc
        .tuple(position, fc.uint8Array({ minLength: 1, maxLength: 40 }))
        .map(([at, bytes]) => Buffer.concat([valid.subarray(0, at), bytes, valid.subarray(at)])),
      fc
        .tuple(position, fc.integer({ min: 1, max: 40 }))
        .map(([at, length]) => Buffer.concat([valid.subarray(0, at), valid.subarray(at + length)])),
      fc
        .tuple(position, position, position)
        .map(([to, from, length]) => replaceAt(to, valid.slice(from, from + (length % 200)))),
    );
    await fc.assert(
      fc.asyncProperty(mutation, async (document) => {
        fc.pre(!same(document));
        await mustBeRefused(new Uint8Array(document));
      }),
      { numRuns: 1500 },
    );
  });

  it('does not verify shorter or longer', async () => {
    for (let length = 0; length < valid.length; length += length < 200 ? 1 : 37)
      await mustBeRefused(valid.slice(0, length));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), (more) =>
        mustBeRefused(new Uint8Array([...valid, ...more])),
      ),
      { numRuns: 200 },
    );
  });
});

describe('any bytes', () => {
  it('are refused with an AttestationError', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 400, size: 'max' }), mustBeRefused), { numRuns: 2000 });
  });

  const anyBytes = fc.uint8Array({ minLength: 1, maxLength: 300, size: 'max' });
  it.each<[string, (value: Uint8Array) => Edits]>([
    ['as a signed payload', (value) => ({ payload: () => value })],
    [
      'as the start of a signed payload',
      (value) => ({
        payload: (payload) => new Uint8Array([...value.subarray(0, 3), ...payload.subarray(Math.min(3, value.length))]),
      }),
    ],
    ['as a certificate', (value) => ({ certificates: ([root, ...rest]) => [root ?? value, value, ...rest] })],
    ['as the protected header', (value) => ({ envelope: (envelope) => (envelope.protectedHeader = value) })],
    [
      'as the value of an extension',
      (value) => ({
        chain: (links) =>
          link(links, 'leaf').parts.extensions?.splice(
            0,
            2,
            extension('551d13', true, value),
            extension('551d0f', true, value),
          ),
      }),
    ],
    ['as a name', (value) => ({ chain: (links) => (link(links, 'leaf').parts.subject = sequence(value)) })],
  ])('cause only an AttestationError %s', async (_, edits) => {
    await fc.assert(
      fc.asyncProperty(anyBytes, async (value) => {
        const { document, rootDer } = writeDocument(edits(value));
        // A few random bytes may be a valid name or extension. Only an error of another class fails the test.
        await verifyAttestation(document, { ...checked, trustAnchor: unsafeTrustAnchorFromPem(pem(rootDer)) }).catch(
          (error: unknown) => {
            if (!(error instanceof AttestationError)) throw error;
          },
        );
      }),
      { numRuns: 150 },
    );
  });

  it('that replace a part of a document cause only an AttestationError in readAttestation_unverified', () => {
    fc.assert(
      fc.property(position, fc.uint8Array({ minLength: 1, maxLength: 8 }), (at, bytes) => {
        try {
          readAttestation_unverified(replaceAt(at, bytes));
        } catch (error) {
          if (!(error instanceof AttestationError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
