import type { Metafile } from 'esbuild';

/** Returns the folders of npm packages below node_modules, sorted, such as `zod` or `a/node_modules/b`. */
export function packagesIn(inputs: readonly string[]): string[];

/** Returns the inputs that have at least one byte in a bundle. */
export function containedIn(metafile: Pick<Metafile, 'outputs'>): string[];

/**
 * Returns each license text once, under the names of its packages, with the contents of their NOTICE files.
 * @param places the folders that `packagesIn` returns
 * @throws Error if a package has no license text and names no license
 */
export function licensesOf(nodeModules: string, places: readonly string[]): string;

export const LICENSES_FILE: 'THIRD-PARTY-LICENSES.txt';

/** Writes THIRD-PARTY-LICENSES.txt beside a bundle. */
export function writeLicenses(root: string, metafile: Pick<Metafile, 'outputs'>, folder: string): void;
