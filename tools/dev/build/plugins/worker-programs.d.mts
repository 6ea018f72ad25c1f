import type { Plugin } from 'esbuild';

export interface WorkerProgramsOptions {
  /** The workspace's folder. */
  root: string;
  /** Called with the path of every file that the plugin puts into the bundle. */
  onInput?: (path: string) => void;
}

/** Puts the programs of worker threads and the file that a prover reads into a bundle. */
export function workerPrograms(options: WorkerProgramsOptions): Plugin;
