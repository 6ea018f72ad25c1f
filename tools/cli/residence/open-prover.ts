import type { ResidenceProver } from '@communique-tee/client';
import { Failure } from '../failure';

export interface OpenedProver {
  readonly prover: ResidenceProver;
  /** Ends the prover's worker. */
  close(): void;
}

/** @throws Failure `proving_unavailable` */
export type OpenProver = (options: {
  /** The file that the person named with --reference-string. */
  readonly referenceString: string | undefined;
  readonly signal: AbortSignal;
}) => Promise<OpenedProver>;

/** Returns the failure for communique-tee.mjs, which has no WebAssembly. */
export function cannotProve(): Failure {
  return new Failure(
    'proving_unavailable',
    "this file makes no proofs of residence: prove in the gateway's page, or with node tools/cli/bin.mjs in a checkout",
  );
}
