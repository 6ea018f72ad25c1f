import { x25519 as ofNoble } from '@noble/curves/ed25519.js';
import { randomBytes } from 'node:crypto';
import { nodePrimitives } from './node';
import { x25519 } from './x25519';

const hex = (value: Uint8Array) => Buffer.from(value).toString('hex');

describe('X25519', () => {
  it('computes the values of RFC 7748, section 5.2, after 1 and after 1,000 iterations', () => {
    let k = new Uint8Array(32);
    k[0] = 9;
    let u = k.slice();
    for (let iteration = 1; iteration <= 1000; iteration++) {
      [k, u] = [new Uint8Array(x25519.scalarMult(k, u)), k];
      if (iteration === 1) expect(hex(k)).toBe('422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079');
    }
    expect(hex(k)).toBe('684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51');
  });

  it('computes the same as Node and as noble’s own X25519', () => {
    for (let round = 0; round < 20; round++) {
      const secret = new Uint8Array(randomBytes(32));
      const peer = x25519.getPublicKey(new Uint8Array(randomBytes(32)));
      const own = nodePrimitives.importPrivateKey(secret);
      expect(hex(x25519.getPublicKey(secret))).toBe(hex(own.publicKey));
      const shared = hex(x25519.getSharedSecret(secret, peer));
      expect(shared).toBe(hex(nodePrimitives.diffieHellman(own.privateKey, peer)));
      expect(shared).toBe(hex(ofNoble.getSharedSecret(secret, peer)));
    }
  });

  it('refuses a public key of low order, as noble’s own X25519 does', () => {
    for (const peer of [new Uint8Array(32), new Uint8Array(32).fill(1, 0, 1)])
      for (const implementation of [x25519, ofNoble])
        expect(() => implementation.getSharedSecret(new Uint8Array(32).fill(7), peer)).toThrow();
  });
});
