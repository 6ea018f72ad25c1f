import { fromHex, toHex } from '@communique-tee/protocol';
import { createHash, randomBytes } from 'node:crypto';
import { IMPLEMENTATIONS } from '../testing/implementations';

// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
const DRAFT_A3_1 = {
  key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
  nonce: '404142434445464748494a4b4c4d4e4f5051525354555657',
  associatedData: '50515253c0c1c2c3c4c5c6c7',
  plaintext:
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  ciphertext:
    'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e' +
    'c0875924c1c7987947deafd8780acf49',
} as const;

describe.each(IMPLEMENTATIONS)('XChaCha20-Poly1305 over $name', (implementation) => {
  const key = fromHex(DRAFT_A3_1.key);
  const nonce = fromHex(DRAFT_A3_1.nonce);
  const associatedData = fromHex(DRAFT_A3_1.associatedData);

  it('computes the test vector of the draft', () => {
    const plaintext = new TextEncoder().encode(DRAFT_A3_1.plaintext);
    expect(toHex(implementation.aeadSeal(key, nonce, associatedData, plaintext))).toBe(DRAFT_A3_1.ciphertext);
    const opened = implementation.aeadOpen(key, nonce, associatedData, fromHex(DRAFT_A3_1.ciphertext));
    expect(opened && new TextDecoder('utf-8', { ignoreBOM: true }).decode(opened)).toBe(DRAFT_A3_1.plaintext);
  });

  it('takes parts of a larger Buffer at any offset', () => {
    for (let offset = 0; offset < 8; offset++) {
      const whole = Buffer.concat([Buffer.alloc(offset), key, nonce, fromHex(DRAFT_A3_1.ciphertext)]);
      const [k, n, c] = [
        whole.subarray(offset, offset + 32),
        whole.subarray(offset + 32, offset + 56),
        whole.subarray(offset + 56),
      ];
      const opened = implementation.aeadOpen(k, n, associatedData, c);
      expect(opened && new TextDecoder('utf-8', { ignoreBOM: true }).decode(opened)).toBe(DRAFT_A3_1.plaintext);
    }
  });

  it('returns undefined for fewer bytes than a tag has', () => {
    expect(implementation.aeadOpen(key, nonce, associatedData, new Uint8Array(15))).toBeUndefined();
  });
});

it('computes the same bytes with both sets of primitives, in 300 random cases of 0 to 70 KiB', () => {
  const [node, noble] = IMPLEMENTATIONS;
  if (!node || !noble) throw new Error('two implementations expected');
  for (let round = 0; round < 300; round++) {
    const [key, nonce, associatedData] = [randomBytes(32), randomBytes(24), randomBytes(round % 70)];
    const plaintext = randomBytes(round < 280 ? round * 7 : round * 240);
    const sealed = node.aeadSeal(key, nonce, associatedData, plaintext);
    expect(digest(noble.aeadSeal(key, nonce, associatedData, plaintext))).toBe(digest(sealed));
    expect(digest(noble.aeadOpen(key, nonce, associatedData, sealed))).toBe(digest(plaintext));
    expect(digest(node.aeadOpen(key, nonce, associatedData, sealed))).toBe(digest(plaintext));
  }
});

function digest(bytes: Uint8Array | undefined): string {
  return bytes ? createHash('sha256').update(bytes).digest('hex') : 'nothing';
}
