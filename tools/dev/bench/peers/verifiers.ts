import { installCrate, keptCrate, type Crate, type KeptCrate } from '../../../image/judge/kept-crate';

/** Verifiers of attestation documents from crates.io. Building them takes 3 CPU-minutes and keeps 4 MB. */
const VERIFIERS: Crate = {
  sources: 'tools/dev/bench/peers/verifiers',
  program: 'attestation-peers',
  folder: 'attestation-peers',
  title: 'the program of these verifiers',
  setup: 'npm run bench -- peers --setup',
  oldestRust: [1, 85, 0],
};

export const keptVerifiers = (): KeptCrate => keptCrate(VERIFIERS);

/** @returns `absent` with the reason if they cannot be built */
export const installVerifiers = (say: (line: string) => void): Promise<KeptCrate> => installCrate(VERIFIERS, say);
