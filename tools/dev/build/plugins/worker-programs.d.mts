import type { Plugin } from 'esbuild';

export interface WorkerProgramsOptions {
  /** The workspace's folder. */
  root: string;
  /** Is told the path of every file that goes into such a text. */
  onInput?: (path: string) => void;
}

/** Puts the programs of worker threads, and the file that a prover reads, into a bundle. */
export function workerPrograms(options: WorkerProgramsOptions): Plugin;
