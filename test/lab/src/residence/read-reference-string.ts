import { workspaceRoot } from '@communique-tee/testing/harness';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = '../shared/vectors/zk';
const FILES = {
  g1: ['bn254_g1_4097.dat', 'b177b63297a5644d4849b98a01b56121a5fe0eb4fb5f30bb12a026497e8471f6'],
  g2: ['bn254_g2.dat', '01797bfc4de5a96f0e516a9ea4537d18786dc30cb991aca4274c95822b69c32f'],
} as const;

/** Part of BN254's structured reference string, from Aztec's Ignition ceremony. */
export interface ReferenceString {
  /** 4,097 points of the first group, 64 bytes each. */
  g1: Uint8Array;
  /** The point of the second group, 128 bytes. bb.js knows its hash. */
  g2: Uint8Array;
}

/** @returns the string, or why it is not here */
export function readReferenceString(folder = join(workspaceRoot(), FOLDER)): ReferenceString | { absent: string } {
  try {
    return { g1: read(folder, 'g1'), g2: read(folder, 'g2') };
  } catch (error) {
    return { absent: `the reference string is not here: ${String(error)}` };
  }
}

function read(folder: string, name: keyof typeof FILES): Uint8Array {
  const [file, sha256] = FILES[name];
  const bytes = readFileSync(join(folder, file));
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new Error(`${file} is damaged`);
  return bytes;
}
