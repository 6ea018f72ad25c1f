import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, workspaceRoot } from '@communique-tee/testing/harness';
import type { Absent } from '../installed';

/** The version of github.com/pulumi/pulumi/pkg/v3. module/go.mod pins the same, and module/go.sum the hash of everything that it needs. */
export const PULUMI_VERSION = '3.274.1';

export interface PulumiCli {
  /** The path of the program `pulumi`. */
  readonly command: string;
  /** A folder that contains only `command`, so that it can be put on PATH. */
  readonly folder: string;
}

export const moduleFile = (name: 'go.mod' | 'go.sum'): string =>
  join(workspaceRoot(), 'libs/testing/judges/src/pulumi-cli/module', name);

/** Returns the folder of the program. It depends on the pins, so an old program is never used for new pins. */
export function pulumiFolder(): string {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum'] as const) hash.update(readFileSync(moduleFile(name)));
  return join(cacheFolder(), `pulumi-${PULUMI_VERSION}-${hash.digest('hex').slice(0, 16)}`);
}

/** Returns the program if an earlier `installPulumi` has built it. For specs, which must know at once. */
export function keptPulumi(): PulumiCli | Absent {
  const folder = pulumiFolder();
  const command = join(folder, 'pulumi');
  return existsSync(command)
    ? { command, folder }
    : { absent: `Pulumi's CLI ${PULUMI_VERSION} is not built here (npm run lab -- pulumi builds it)` };
}
