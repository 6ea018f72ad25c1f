/** Types for TypeScript. bundle.mjs is JavaScript, so that an auditor needs only Node to build the file. */
export interface VerifierFile {
  readonly name: string;
  /** The version in package.json. */
  readonly version: string;
  /** SHA-256 of the file, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly bytes: Buffer;
  /** Absolute paths of the sources. */
  readonly inputs: string[];
  /** Names of the npm packages that are part of the file. */
  readonly packages: string[];
}

export const FILE_NAME: 'communique-tee.mjs';
/** The command that builds the file in a checkout. */
export const BUILD_COMMAND: string;

/**
 * @param root the checkout
 * @param packages the folder with esbuild and the packages that the file contains, at the versions of package-lock.json (default:
 * node_modules)
 * @throws Error if a package is missing or has another version
 */
export function bundleVerifier(root: string, packages?: string): Promise<VerifierFile>;

/** Returns the packages of package-lock.json, by path. */
export function lockOf(
  root: string,
): Record<string, { version: string; dependencies?: object; optionalDependencies?: object }>;

/**
 * Writes the file and its hash, in the form of sha256sum, beside it.
 * @param folder created if it is missing
 * @returns the path of the file
 */
export function writeVerifier(file: VerifierFile, folder: string): string;
