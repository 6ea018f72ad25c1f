/** Types for TypeScript of packages.mjs. */
export const PACKAGES: readonly string[];

/** Returns the part of package-lock.json that these packages need, with its versions and hashes. */
export function lockfile(root: string): { readonly packages: Readonly<Record<string, object>> };

/**
 * @param folder replaced unless it contains these packages at these versions
 * @returns the node_modules of the folder. @throws Error if npm fails
 */
export function installPackages(root: string, folder: string): string;
