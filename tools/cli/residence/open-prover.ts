import type { ResidenceProver } from '@communique-tee/client';

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
