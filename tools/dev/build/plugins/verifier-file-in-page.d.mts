import type { Plugin } from 'esbuild';

/** @param onInputs called with the absolute paths of the files on which the hash depends */
export function verifierFileInPage(root: string, onInputs: (paths: string[]) => void): Plugin;
