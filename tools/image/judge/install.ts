import { installCrate, keptCrate, type Crate, type KeptCrate } from './kept-crate';

/** Of aws-nitro-enclaves-image-format; Cargo.toml pins the same. */
export const CRATE_VERSION = '0.8.1';

export type Judge = KeptCrate;

/** AWS's own image crate: 5 CPU-minutes, 14 MB kept. */
const IMAGE_CRATE: Crate = {
  sources: 'tools/image/judge/crate',
  program: 'aws-image-judge',
  folder: `aws-image-judge-${CRATE_VERSION}`,
  title: `AWS's image crate ${CRATE_VERSION}`,
  setup: 'npm run image -- judge --setup',
  oldestRust: [1, 94, 1],
};

/** The program if an earlier `installJudge` of the same sources left it. */
export const keptJudge = (): Judge => keptCrate(IMAGE_CRATE);

/** The program, built if it is not kept. @returns `absent` with the reason if it cannot be built */
export const installJudge = (say: (line: string) => void): Promise<Judge> => installCrate(IMAGE_CRATE, say);
