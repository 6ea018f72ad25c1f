import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The file with the stack's configuration for the image. Git ignores this file, so a clone does not have it. */
export interface EnclaveConfiguration {
  readonly file: string;
  /** SHA-256 of the file, 64 hex digits, which is `configurationSha256` in the image's measurements.json. */
  readonly sha256: string;
}

export function readEnclaveConfiguration(
  root: string,
  stack: string,
): { configuration: EnclaveConfiguration } | { problem: string } {
  const name = `apps/enclave/config/${stack}.json`;
  const file = join(root, name);
  if (!existsSync(file))
    return {
      problem: `imageBuild: there is no ${name}, which CodeBuild puts into the image: apps/enclave/config/README.md`,
    };
  return { configuration: { file, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') } };
}
