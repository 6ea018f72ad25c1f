import type { Metafile } from 'esbuild';

/** Folders of npm packages below node_modules, sorted, such as `zod` or `a/node_modules/b`. */
export function packagesIn(inputs: readonly string[]): string[];

/** The inputs of which at least a byte is in a bundle. */
export function containedIn(metafile: Pick<Metafile, 'outputs'>): string[];

/**
 * Each license text once, under the names of the packages that it is of, with what their NOTICE files say.
 * @param places as `packagesIn` returns them
 * @throws Error if a package names no license
 */
export function licensesOf(nodeModules: string, places: readonly string[]): string;

export const LICENSES_FILE: 'THIRD-PARTY-LICENSES.txt';

/** Writes THIRD-PARTY-LICENSES.txt beside a bundle. */
export function writeLicenses(root: string, metafile: Pick<Metafile, 'outputs'>, folder: string): void;
