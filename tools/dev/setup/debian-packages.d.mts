/** @returns why the packages could not be installed; undefined if they were */
export function installAsRoot(packages: readonly string[]): string | undefined;
export function isDebian(): boolean;
/** @returns why the package could not be unpacked; undefined if it was */
export function unpackInto(folder: string, packageName: string): string | undefined;
