import { toBase64, toHex } from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import { Barretenberg } from './barretenberg/barretenberg';
import { barretenbergModule } from './barretenberg/module.node';
import { FIRST_POINT, SECOND_GROUP_POINT } from './barretenberg/reference-string';
import { verificationKey } from './circuit';
import { VERIFICATION_KEY_SHA256 } from './circuit-identity';
import { PUBLIC_INPUTS } from './statement';
import { committedProof } from './testing';

describe('the verification key', () => {
  it('is pinned by its hash, because Barretenberg accepts other bytes for the same key', async () => {
    const barretenberg = new Barretenberg(await barretenbergModule(), { g1: FIRST_POINT, g2: SECOND_GROUP_POINT });
    const { proof, publicInputs } = committedProof('ada roads');
    const inputs = PUBLIC_INPUTS.map((name) => publicInputs[name]);
    const other = verificationKey().with(0, 0xff);
    expect(barretenberg.verify(other, inputs, proof)).toBe(true);
    expect(toHex(sha256(other))).not.toBe(VERIFICATION_KEY_SHA256);
  });

  it.each([
    ['a byte that Barretenberg ignores is changed', () => verificationKey().with(0, 0xff)],
    ['a point is changed', () => verificationKey().with(200, (verificationKey()[200] ?? 0) ^ 1)],
    ['it is cut', () => verificationKey().slice(0, -32)],
  ])('is refused if %s', (_, make) => {
    const base64 = toBase64(make());
    jest.isolateModules(() => {
      jest.doMock('../circuit/verification-key.json', () => ({ base64 }));
      const entry = jest.requireActual<typeof import('./circuit')>('./circuit');
      expect(() => entry.verificationKey()).toThrow('the verification key in the build is not the pinned one');
    });
  });
});
