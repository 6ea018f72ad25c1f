import type { OpenProver } from './open-prover';
import { Failure } from '../failure';
import { findReferenceStringForCommand } from './reference-string';

/**
 * Finds the reference string and starts the prover. This module is loaded only when needed, because it contains megabytes of WebAssembly.
 */
export const openProver: OpenProver = async ({ referenceString, signal }) => {
  const [{ createProver, REFERENCE_STRING_HOSTS }, { residenceProver }] = await Promise.all([
    import('@communique-tee/residence/prover'),
    import('@communique-tee/client/residence'),
  ]);
  const found = await findReferenceStringForCommand({ file: referenceString, signal });
  if (found === undefined)
    throw new Failure(
      'proving_unavailable',
      `the reference string that proving needs could not be found or fetched: name the file with --reference-string, or let this machine reach ${REFERENCE_STRING_HOSTS.join(' or ')}`,
    );
  const prover = createProver({ referenceString: found });
  return {
    prover: residenceProver(prover.prove),
    close: () => {
      prover.close();
    },
  };
};
