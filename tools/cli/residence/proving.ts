import type { OpenProver } from './open-prover';
import { Failure } from '../failure';
import { cacheFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { join } from 'node:path';

/** Finds the reference string and starts the prover. Loaded when it is needed: it brings megabytes of WebAssembly along. */
export const openProver: OpenProver = async ({ referenceString, signal }) => {
  const [{ createProver, findReferenceString, REFERENCE_STRING_HOSTS }, { residenceProver }] = await Promise.all([
    import('@communique-tee/residence/prover'),
    import('@communique-tee/client/residence'),
  ]);
  const found = await findReferenceString({
    file: referenceString,
    folders: [join(workspaceRoot(), '../shared/vectors/zk')],
    cacheFolder: join(cacheFolder(), 'reference-string'),
    hosts: REFERENCE_STRING_HOSTS,
    signal,
  });
  if (found === undefined)
    throw new Failure(
      'proving_unavailable',
      `the reference string that proving needs could not be had: name the file with --reference-string, or let this machine reach ${REFERENCE_STRING_HOSTS.join(' or ')}`,
    );
  const prover = createProver({ referenceString: found.bytes });
  return {
    prover: residenceProver(prover.prove),
    close: () => {
      prover.close();
    },
  };
};
