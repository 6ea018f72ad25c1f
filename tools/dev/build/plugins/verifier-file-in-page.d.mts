import type { Plugin } from 'esbuild';

/** @param onInputs gets the absolute paths of what the hash depends on */
export function verifierFileInPage(root: string, onInputs: (paths: string[]) => void): Plugin;
