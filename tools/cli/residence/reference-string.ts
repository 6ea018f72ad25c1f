import { cacheFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { join } from 'node:path';

/**
 * Finds the reference string in the order of docs/residence.md: only in `file` if given, else beside the checkout, in the user's cache, and
 * at the public hosts.
 * @returns 262,208 bytes with the pinned hash; undefined if no place has it
 */
export async function findReferenceStringForCommand({
  file,
  signal,
}: {
  readonly file: string | undefined;
  readonly signal?: AbortSignal;
}): Promise<Uint8Array | undefined> {
  const { findReferenceString, REFERENCE_STRING_HOSTS } = await import('@communique-tee/residence/prover');
  const found = await findReferenceString({
    file,
    folders: [join(workspaceRoot(), '../shared/vectors/zk')],
    cacheFolder: join(cacheFolder(), 'reference-string'),
    hosts: REFERENCE_STRING_HOSTS,
    ...(signal && { signal }),
  });
  return found?.bytes;
}
