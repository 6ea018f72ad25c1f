import { BackendType, BarretenbergSync } from '@aztec/bb.js';
import { FIELD_MODULUS, fieldFromBigInt, fieldToHex, randomField } from './field';
import { h3, TAGS } from './poseidon2';

describe('H3', () => {
  it("computes the same as Barretenberg's permutation, for the edges of the field and 300 random inputs", async () => {
    const judge = await BarretenbergSync.new({ backend: BackendType.Wasm, threads: 1 });
    const edges = [0n, 1n, 2n ** 64n, FIELD_MODULUS - 1n, FIELD_MODULUS >> 1n].map(fieldFromBigInt);
    const inputs = [
      ...edges.flatMap((a) => edges.flatMap((b) => edges.map((c) => [a, b, c] as const))),
      ...Array.from({ length: 300 }, () => [randomField(), randomField(), randomField()] as const),
    ];
    const tags = Object.values(TAGS);
    for (const [at, [a, b, c]] of inputs.entries()) {
      const tag = tags[at % tags.length]!;
      const { outputs } = judge.poseidon2Permutation({ inputs: [a, b, c, fieldFromBigInt(tag)] });
      expect(fieldToHex(h3(a, b, c, tag))).toBe(fieldToHex(outputs[0]!));
    }
  });

  it('has another tag for each use', () => {
    expect(new Set(Object.values(TAGS)).size).toBe(Object.keys(TAGS).length);
  });
});
