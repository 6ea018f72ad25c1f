import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, workspaceRoot } from '@communique-tee/testing/harness';
import type { Absent } from '../installed';

/** The version of github.com/pulumi/pulumi/pkg/v3. module/go.mod pins the same version, and module/go.sum the hash of each dependency. */
export const PULUMI_VERSION = '3.274.1';

export interface PulumiCli {
  /** The path of the program `pulumi`. */
  readonly command: string;
  /** A folder for PATH. It contains only `command`. */
  readonly folder: string;
}

export const moduleFile = (name: 'go.mod' | 'go.sum'): string =>
  join(workspaceRoot(), 'libs/testing/judges/src/pulumi-cli/module', name);

/** Returns the folder of the program. Its name depends on the pins, so new pins never use an old program. */
export function pulumiFolder(): string {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum'] as const) hash.update(readFileSync(moduleFile(name)));
  return join(cacheFolder(), `pulumi-${PULUMI_VERSION}-${hash.digest('hex').slice(0, 16)}`);
}

/** Returns the program if `installPulumi` has built it. Specs call this function, because it never starts the long build. */
export function keptPulumi(): PulumiCli | Absent {
  const folder = pulumiFolder();
  const command = join(folder, 'pulumi');
  return existsSync(command)
    ? { command, folder }
    : { absent: `Pulumi's CLI ${PULUMI_VERSION} is not built here (npm run lab -- pulumi builds it)` };
}
