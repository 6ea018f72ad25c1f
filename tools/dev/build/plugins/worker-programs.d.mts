import type { Plugin } from 'esbuild';

/** Puts the programs of worker threads, and the file that a prover reads, into a bundle. `root`: of the workspace. */
export function workerPrograms(place: { root: string }): Plugin;
