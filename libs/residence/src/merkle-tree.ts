// The registrar's Merkle tree, of depth 20. An empty place is 0. An inner node is H3(left, right, 0).
import { ResidenceError } from './errors';
import { fieldFromBigInt, fieldToBigInt, ZERO_FIELD, type Field } from './field';
import { h3OfNumbers, TAGS, type NumberHash } from './poseidon2';

export const TREE_DEPTH = 20;
export const TREE_PLACES = 2 ** TREE_DEPTH;
/** A place without a person. Nothing can be proven for it: a proof needs a leaf that is a hash, and no known input hashes to 0. */
export const EMPTY_LEAF: Field = ZERO_FIELD;

/** The roots of empty trees, by depth from 0 (the empty leaf) to 20. */
const emptyNodes: bigint[] = [0n];
for (let level = 0; level < TREE_DEPTH; level++) {
  const below = emptyNodes[level] ?? 0n;
  emptyNodes.push(nodeOf(below, below));
}

/**
 * Returns the root to which a path leads.
 * @param index 0 to 2^20 - 1. Bit n is 1 if the path's node on level n is the right one of its pair
 * @param siblings 20 field elements, from the leaf upwards
 * @throws ResidenceError `ERR_RESIDENCE_INDEX` | `ERR_RESIDENCE_PATH` | `ERR_RESIDENCE_FIELD`
 */
export function rootOfPath(leaf: Field, index: number, siblings: readonly Field[]): Field {
  checkIndex(index, TREE_PLACES);
  if (siblings.length !== TREE_DEPTH)
    throw new ResidenceError('ERR_RESIDENCE_PATH', `a path has ${TREE_DEPTH} siblings`);
  return fieldFromBigInt(
    siblings.reduce((node, sibling, level) => {
      const beside = fieldToBigInt(sibling);
      return (index >>> level) & 1 ? nodeOf(beside, node) : nodeOf(node, beside);
    }, fieldToBigInt(leaf)),
  );
}

/** Which part of the whole tree a {@link MerkleTree} is. */
export interface TreeShape {
  /** Levels above the lowest nodes. */
  depth: number;
  /** The level of the lowest nodes in the whole tree: 0 for leaves, 10 for roots of subtrees of depth 10. */
  level: number;
}

const WHOLE_TREE: TreeShape = { depth: TREE_DEPTH, level: 0 };

/**
 * The whole tree in memory, or a part of it. The registrar's static files split the tree: 1,024 subtrees `{ depth: 10, level: 0 }`, and
 * above them one tree `{ depth: 10, level: 10 }`. Empty places after the last used one take no memory. Building a tree of 16,000 leaves
 * takes about three seconds. For more people, pass the faster hash of `@communique-tee/residence/bulk`.
 */
export class MerkleTree {
  /** The nodes of each level, the lowest level first. Nodes beyond the end of an array are empty. */
  private readonly levels: bigint[][];

  private constructor(
    private readonly shape: TreeShape,
    private readonly hash: NumberHash,
  ) {
    this.levels = Array.from({ length: shape.depth + 1 }, () => []);
  }

  /**
   * @param nodes the lowest nodes, in the order of their places. An empty place is {@link EMPTY_LEAF}, or the root of an empty subtree
   * @throws ResidenceError `ERR_RESIDENCE_FIELD` | `ERR_RESIDENCE_INDEX` for more nodes than places
   */
  static of(nodes: Iterable<Field>, shape: TreeShape = WHOLE_TREE, hash: NumberHash = h3OfNumbers): MerkleTree {
    const tree = new MerkleTree(shape, hash);
    const lowest = tree.row(0);
    for (const node of nodes) {
      checkIndex(lowest.length, 2 ** shape.depth);
      lowest.push(fieldToBigInt(node));
    }
    for (let height = 1; height <= shape.depth; height++) {
      const row = tree.row(height);
      const pairs = Math.ceil(tree.row(height - 1).length / 2);
      for (let at = 0; at < pairs; at++) row.push(tree.joined(height, at));
    }
    return tree;
  }

  /**
   * Puts a node into a place, or empties it with {@link EMPTY_LEAF}.
   * @throws ResidenceError `ERR_RESIDENCE_INDEX` | `ERR_RESIDENCE_FIELD`
   */
  set(index: number, node: Field): void {
    checkIndex(index, 2 ** this.shape.depth);
    this.put(0, index, fieldToBigInt(node));
    for (let height = 1, at = index >>> 1; height <= this.shape.depth; height++, at >>>= 1)
      this.put(height, at, this.joined(height, at));
  }

  get root(): Field {
    return fieldFromBigInt(this.node(this.shape.depth, 0));
  }

  /** One more than the highest index that was ever set. */
  get length(): number {
    return this.row(0).length;
  }

  at(index: number): Field {
    checkIndex(index, 2 ** this.shape.depth);
    return fieldFromBigInt(this.node(0, index));
  }

  /** Returns the siblings of a place, from the lowest upwards, one for each level of the tree. */
  path(index: number): Field[] {
    checkIndex(index, 2 ** this.shape.depth);
    return Array.from({ length: this.shape.depth }, (_, height) =>
      fieldFromBigInt(this.node(height, (index >>> height) ^ 1)),
    );
  }

  /** Returns all 2^(depth - height) nodes of one height, also empty ones. */
  nodesAt(height: number): Field[] {
    return Array.from({ length: 2 ** (this.shape.depth - height) }, (_, at) => fieldFromBigInt(this.node(height, at)));
  }

  private joined(height: number, at: number): bigint {
    const empty = this.empty(height - 1);
    const left = this.node(height - 1, 2 * at);
    const right = this.node(height - 1, 2 * at + 1);
    return left === empty && right === empty ? this.empty(height) : nodeOf(left, right, this.hash);
  }

  private node(height: number, at: number): bigint {
    return this.row(height)[at] ?? this.empty(height);
  }

  private put(height: number, at: number, node: bigint): void {
    const row = this.row(height);
    while (row.length < at) row.push(this.empty(height));
    row[at] = node;
  }

  private row(height: number): bigint[] {
    const row = this.levels[height];
    if (row === undefined) throw new RangeError('no such height');
    return row;
  }

  private empty(height: number): bigint {
    const node = emptyNodes[this.shape.level + height];
    if (node === undefined) throw new RangeError('no such height');
    return node;
  }
}

function nodeOf(left: bigint, right: bigint, hash: NumberHash = h3OfNumbers): bigint {
  return hash(left, right, 0n, TAGS.node);
}

function checkIndex(index: number, places: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= places)
    throw new ResidenceError('ERR_RESIDENCE_INDEX', `a place is a whole number from 0 to ${places - 1}`);
}
