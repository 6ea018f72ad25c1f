import type { OpenProver } from './open-prover';
import { Failure } from '../failure';
import { findReferenceStringForCommand } from './reference-string';

/** Finds the reference string and starts the prover. Loaded when it is needed: it brings megabytes of WebAssembly along. */
export const openProver: OpenProver = async ({ referenceString, signal }) => {
  const [{ createProver, REFERENCE_STRING_HOSTS }, { residenceProver }] = await Promise.all([
    import('@communique-tee/residence/prover'),
    import('@communique-tee/client/residence'),
  ]);
  const found = await findReferenceStringForCommand({ file: referenceString, signal });
  if (found === undefined)
    throw new Failure(
      'proving_unavailable',
      `the reference string that proving needs could not be had: name the file with --reference-string, or let this machine reach ${REFERENCE_STRING_HOSTS.join(' or ')}`,
    );
  const prover = createProver({ referenceString: found });
  return {
    prover: residenceProver(prover.prove),
    close: () => {
      prover.close();
    },
  };
};
