import { cacheFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REFERENCE_STRING_FILE } from '../prover';
import { isReferenceString } from '../prover/prove-in-worker';

/** The folders in which a checkout looks for the reference string before it asks a host: beside the checkout, and the user's cache. */
export const referenceStringFolders = (): string[] => [
  join(workspaceRoot(), '../shared/vectors/zk'),
  join(cacheFolder(), 'reference-string'),
];

/**
 * Reads the reference string for tests that prove. It is the file that RESIDENCE_REFERENCE_STRING names, or one in these folders.
 * The network is never its source.
 * @returns undefined if there is none. The tests that need it then skip, also in CI, and print why.
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

/** `describe` on a machine that has the reference string; elsewhere the block is skipped with its reason. */
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
