import { installCrate, keptCrate, type Crate, type KeptCrate } from './kept-crate';

/** The version of aws-nitro-enclaves-image-format. Cargo.toml pins the same. */
export const CRATE_VERSION = '0.8.1';

export type Judge = KeptCrate;

/** AWS's own image crate. Building it takes 5 CPU-minutes and keeps 14 MB. */
const IMAGE_CRATE: Crate = {
  sources: 'tools/image/judge/crate',
  program: 'aws-image-judge',
  folder: `aws-image-judge-${CRATE_VERSION}`,
  title: `AWS's image crate ${CRATE_VERSION}`,
  setup: 'npm run image -- judge --setup',
  oldestRust: [1, 94, 1],
};

/** Returns the program if an earlier `installJudge` has built it from the same sources. */
export const keptJudge = (): Judge => keptCrate(IMAGE_CRATE);

/** Builds the program unless it is kept. @returns the program, or `absent` with the reason if it cannot be built */
export const installJudge = (say: (line: string) => void): Promise<Judge> => installCrate(IMAGE_CRATE, say);
