import { cacheFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REFERENCE_STRING_FILE } from '../prover';
import { isReferenceString } from '../prover/prove-in-worker';

/** The folders that may already have the reference string: one beside the checkout, and the user's cache. */
export const referenceStringFolders = (): string[] => [
  join(workspaceRoot(), '../shared/vectors/zk'),
  join(cacheFolder(), 'reference-string'),
];

/**
 * Reads the reference string from the file that RESIDENCE_REFERENCE_STRING names, or else from `referenceStringFolders`. It never downloads
 * the file.
 * @returns undefined if there is no such file. The tests that need it then skip, also in CI, and print why.
 */
export function referenceStringForTests(): Uint8Array | undefined {
  const file = process.env['RESIDENCE_REFERENCE_STRING'];
  const files =
    file === undefined ? referenceStringFolders().map((folder) => join(folder, REFERENCE_STRING_FILE)) : [file];
  for (const path of files) {
    try {
      const bytes = new Uint8Array(readFileSync(path));
      if (isReferenceString(bytes)) return bytes;
    } catch {
      // The file is not there
    }
  }
  return undefined;
}

/** Runs the block if this machine has the reference string. Otherwise skips the block and prints why. */
export function describeProving(name: string, body: (referenceString: Uint8Array) => void): void {
  const referenceString = referenceStringForTests();
  if (referenceString !== undefined) {
    describe(name, () => {
      body(referenceString);
    });
    return;
  }
  process.stderr.write(`\nSKIPPED: "${name}" does not run: this machine has no reference string to prove with\n`);
  describe.skip(name, () => {
    body(new Uint8Array());
  });
}
