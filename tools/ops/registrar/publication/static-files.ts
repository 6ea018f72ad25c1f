import { fieldFromHex, fieldToHex, leafOf, MerkleTree, EMPTY_LEAF, type Field } from '@communique-tee/residence';
import type { BulkHasher } from '@communique-tee/residence/bulk';
import { join } from 'node:path';
import { isDue, type Register } from '../register/register';
import { LEAVES_PER_FILE } from '../register/places';
import { DurableFiles } from '../register/durable-files';

const PUBLIC_MODE = 0o644;
const PUBLIC_FOLDER_MODE = 0o755;
const NOTE = 'root.note';
/** The level of the tree whose nodes are in the file `subtrees`. */
const SUBTREE_LEVEL = 10;

export interface Publication {
  /** 64 hex digits. */
  readonly root: string;
  /** People in the tree. */
  readonly leaves: number;
  /** Places for leaves in the files in use. */
  readonly places: number;
  /** The content of each file, by its path below the root's folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const plainHasher: BulkHasher = {
  leafOf: (of) => leafOf(of),
  treeOf: (leaves) => MerkleTree.of(leaves),
};

/**
 * Returns the root and its files, with the people whose registration may be in a root that begins at `notBefore` (Unix seconds).
 * @param hasher for many people, pass a BulkHasher that takes a third of the time
 */
export function publicationOf(register: Register, notBefore: number, hasher = plainHasher): Publication {
  const places = register.files * LEAVES_PER_FILE;
  const leaves = new Array<Field>(places).fill(EMPTY_LEAF);
  let people = 0;
  for (const { registration } of register.people.values()) {
    if (registration === null || !isDue(registration, notBefore)) continue;
    const { commitment, district, salt, index } = registration;
    leaves[index] = hasher.leafOf({ commitment: fieldFromHex(commitment), district, salt: fieldFromHex(salt) });
    people += 1;
  }
  const tree = hasher.treeOf(leaves);
  const files = new Map<string, Uint8Array>([['subtrees', Buffer.concat(tree.nodesAt(SUBTREE_LEVEL))]]);
  for (let file = 0; file < register.files; file++) {
    const of = leaves.slice(file * LEAVES_PER_FILE, (file + 1) * LEAVES_PER_FILE);
    if (of.some((leaf) => leaf !== EMPTY_LEAF)) files.set(`leaves/${String(file)}`, Buffer.concat(of));
  }
  return { root: fieldToHex(tree.root), leaves: people, places, files };
}

/** The folder of static files that clients fetch. Everything in it is public. */
export class StaticFiles {
  constructor(
    private readonly folder: string,
    private readonly files: DurableFiles,
  ) {}

  /** The note that is published now; null before the first publication. */
  note(): string | null {
    return this.files.read(join(this.folder, NOTE))?.toString() ?? null;
  }

  /**
   * Puts the files of a root into its folder. Completes a folder that a killed process left half-filled.
   */
  putTree({ root, files }: Publication): void {
    for (const name of ['', 'leaves']) this.files.makeFolder(join(this.folder, root, name), PUBLIC_FOLDER_MODE);
    for (const [name, bytes] of files) {
      const path = join(this.folder, root, name);
      if (this.files.read(path)?.equals(bytes) !== true) this.files.replace(path, [bytes], PUBLIC_MODE);
    }
    this.files.sync(this.folder);
  }

  /** Publishes the note. Call this last, because clients then fetch the folder of the root that the note names. */
  putNote(note: string): void {
    this.files.replace(join(this.folder, NOTE), [Buffer.from(note)], PUBLIC_MODE);
  }

  /** Removes the folders of all roots that are not in `roots`. */
  removeAllBut(roots: ReadonlySet<string>): void {
    for (const name of this.files.list(this.folder))
      if (/^[0-9a-f]{64}$/.test(name) && !roots.has(name)) this.files.remove(join(this.folder, name));
  }
}
