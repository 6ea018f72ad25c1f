/** `communique-tee.mjs`, the command for auditors in one file, as built from the sources of this page. */
export interface VerifierFile {
  /** `communique-tee.mjs` */
  readonly name: string;
  /** The version in package.json, such as 0.1.0. */
  readonly version: string;
  /** The SHA-256 of the file, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** What a person types in a checkout of this version to build the file. That needs only Node and takes a few seconds. */
  readonly buildCommand: string;
}

/**
 * The page's build sets this (tools/dev/build/plugins/verifier-file-in-page.mjs). It is undefined when the sources run without a build, as
 * in unit tests.
 *
 * The gateway serves this hash, and the file checks that same gateway, so the hash alone proves nothing. A person compares it with what the
 * operator publishes elsewhere, or builds the file. `verifierUrl` of GET /api/page tells where to get the file.
 */
export const verifierFile: VerifierFile | undefined = undefined;
