import { createBulkHasher } from './bulk.node';
import { fieldToHex, randomField } from './field';
import { MerkleTree } from './merkle-tree';
import { commitmentOf, leafOf } from './statement';

describe('the hasher for many people', () => {
  it('computes the same leaves and tree as the functions for browsers, also after changes', async () => {
    const bulk = await createBulkHasher();
    const people = Array.from({ length: 70 }, (_, at) => ({
      commitment: commitmentOf(randomField()),
      district: `120-CA-${String(at % 53).padStart(2, '0')}`,
      salt: randomField(),
    }));
    const leaves = people.map((person) => bulk.leafOf(person));
    expect(leaves.map(fieldToHex)).toEqual(people.map((person) => fieldToHex(leafOf(person))));
    const [fast, slow] = [bulk.treeOf(leaves), MerkleTree.of(leaves)];
    expect(fieldToHex(fast.root)).toBe(fieldToHex(slow.root));
    for (const tree of [fast, slow]) tree.set(7, leaves[0]!);
    expect(fieldToHex(fast.root)).toBe(fieldToHex(slow.root));
  });

  it('refuses the inputs that the functions for browsers refuse', async () => {
    const bulk = await createBulkHasher();
    const zero = new Uint8Array(32);
    expect(() => bulk.leafOf({ commitment: zero, district: '120-MT-01', salt: zero })).toThrow(
      expect.objectContaining({ code: 'ERR_RESIDENCE_ZERO_SECRET' }) as Error,
    );
    expect(() => bulk.treeOf([new Uint8Array(32).fill(255)])).toThrow(
      expect.objectContaining({ code: 'ERR_RESIDENCE_FIELD' }) as Error,
    );
  });
});
