import { fieldToHex, randomField, type Field } from './field';
import { EMPTY_LEAF, MerkleTree, rootOfPath, TREE_DEPTH, TREE_PLACES } from './merkle-tree';
import { h3, TAGS } from './poseidon2';
import { ZERO_FIELD } from './field';

/** Computes the root of an empty tree by hashing from the empty leaf upwards. */
const emptyRoot = (depth: number): Field =>
  Array.from({ length: depth }).reduce<Field>((node) => h3(node, node, ZERO_FIELD, TAGS.node), EMPTY_LEAF);
const leaves = (count: number): Field[] => Array.from({ length: count }, () => randomField());
const refused = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('the tree', () => {
  it('has the root that is computed by hashing every node', () => {
    const shape = { depth: 5, level: 0 };
    const nodes = [...leaves(11), EMPTY_LEAF, ...leaves(3)];
    let row = [...nodes, ...Array.from({ length: 32 - nodes.length }, () => EMPTY_LEAF)];
    while (row.length > 1)
      row = Array.from({ length: row.length / 2 }, (_, at) =>
        h3(row[2 * at]!, row[2 * at + 1]!, ZERO_FIELD, TAGS.node),
      );
    expect(MerkleTree.of(nodes, shape).root).toEqual(row[0]);
  });

  it('has the same root whether it was built at once, grown, or reduced', () => {
    const given = leaves(6);
    const whole = MerkleTree.of([given[0]!, EMPTY_LEAF, given[2]!, given[3]!, EMPTY_LEAF, given[5]!]);
    const grown = MerkleTree.of([]);
    for (const at of [5, 0, 3, 2]) grown.set(at, given[at]!);
    const removed = MerkleTree.of(given);
    removed.set(4, EMPTY_LEAF);
    removed.set(1, EMPTY_LEAF);
    expect([whole, grown, removed].map((tree) => fieldToHex(tree.root))).toEqual(
      Array.from({ length: 3 }, () => fieldToHex(whole.root)),
    );
    for (const at of [5, 0, 3, 2]) grown.set(at, EMPTY_LEAF);
    expect(grown.root).toEqual(emptyRoot(TREE_DEPTH));
  });

  it('has a path from every place to its root', () => {
    const tree = MerkleTree.of(leaves(5));
    const last = randomField();
    tree.set(3000, last);
    for (const at of [0, 1, 4, 5, 2999, 3000, 3001, TREE_PLACES - 1])
      expect(rootOfPath(tree.at(at), at, tree.path(at))).toEqual(tree.root);
    expect(rootOfPath(last, 3001, tree.path(3000))).not.toEqual(tree.root);
    expect(tree.length).toBe(3001);
  });

  it('has the same values in parts: subtrees of 1,024 leaves, and a tree of their roots', () => {
    const tree = MerkleTree.of(leaves(1500));
    const subtrees = tree.nodesAt(10);
    expect(subtrees).toHaveLength(1024);
    const top = MerkleTree.of(subtrees, { depth: 10, level: 10 });
    const second = MerkleTree.of(
      Array.from({ length: 476 }, (_, at) => tree.at(1024 + at)),
      { depth: 10, level: 0 },
    );
    expect(top.root).toEqual(tree.root);
    expect(second.root).toEqual(subtrees[1]);
    expect([...second.path(7), ...top.path(1)]).toEqual(tree.path(1024 + 7));
    expect(subtrees[2]).toEqual(emptyRoot(10));
  });

  it('refuses places outside the tree and nodes that are no field elements', () => {
    const tree = MerkleTree.of([]);
    for (const at of [-1, 1.5, TREE_PLACES, Number.NaN])
      for (const use of [
        () => tree.set(at, randomField()),
        () => tree.path(at),
        () => tree.at(at),
        () => rootOfPath(ZERO_FIELD, at, tree.path(0)),
      ])
        expect(use).toThrow(refused('ERR_RESIDENCE_INDEX'));
    expect(() => tree.set(0, new Uint8Array(32).fill(255))).toThrow(refused('ERR_RESIDENCE_FIELD'));
    expect(tree.root).toEqual(emptyRoot(TREE_DEPTH));
    expect(() => MerkleTree.of(leaves(5), { depth: 2, level: 0 })).toThrow(refused('ERR_RESIDENCE_INDEX'));
    for (const length of [0, 19, 21])
      expect(() => rootOfPath(ZERO_FIELD, 0, leaves(length))).toThrow(refused('ERR_RESIDENCE_PATH'));
  });
});
