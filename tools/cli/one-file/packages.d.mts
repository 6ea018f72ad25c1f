/** For TypeScript; see packages.mjs. */
export const PACKAGES: readonly string[];

/** The part of package-lock.json that these packages need: versions and hashes as they are there. */
export function lockfile(root: string): { readonly packages: Readonly<Record<string, object>> };

/**
 * @param folder made anew unless it holds these packages at these versions
 * @returns its node_modules. @throws Error if npm fails
 */
export function installPackages(root: string, folder: string): string;
