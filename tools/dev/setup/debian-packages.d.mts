/** @returns why they could not be installed */
export function installAsRoot(packages: readonly string[]): string | undefined;
export function isDebian(): boolean;
/** @returns why it could not be */
export function unpackInto(folder: string, packageName: string): string | undefined;
