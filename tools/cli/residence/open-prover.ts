import type { ResidenceProver } from '@communique-tee/client';
import { Failure } from '../failure';

export interface OpenedProver {
  readonly prover: ResidenceProver;
  /** Ends its worker. */
  close(): void;
}

/** @throws Failure `proving_unavailable` */
export type OpenProver = (options: {
  /** A file that the person named. */
  readonly referenceString: string | undefined;
  readonly signal: AbortSignal;
}) => Promise<OpenedProver>;

/** For the one file for auditors, which has no WebAssembly. */
export function cannotProve(): Failure {
  return new Failure(
    'proving_unavailable',
    "this file makes no proofs of residence: prove in the gateway's page, or with node tools/cli/bin.mjs in a checkout",
  );
}
