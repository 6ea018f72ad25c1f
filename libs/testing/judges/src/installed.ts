import { cacheFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Judge, NpmJudge, PythonJudge } from './judges';

/**
 * An installed Python judge. Run its programs as `python -m <module>`, because its scripts contain the path of the folder in which they were built.
 */
export interface InstalledPython {
  /** The interpreter that has the judge's packages. */
  readonly python: string;
  readonly folder: string;
}

export interface InstalledProgram {
  /** A script for Node. */
  readonly program: string;
  readonly folder: string;
}

export type Installed<J extends Judge = PythonJudge> = J extends NpmJudge ? InstalledProgram : InstalledPython;

export interface Absent {
  /** Tells a person why the judge is absent and what to do. */
  readonly absent: string;
}

/** The file in the judge's folder that contains the SHA-256 of the lock file from which the judge was installed. */
const COMPLETE = 'complete';

export const lockFile = ({ name, registry }: Judge): string =>
  join(workspaceRoot(), 'libs/testing/judges/src/locks', registry === 'npm' ? `${name}.lock.json` : `${name}.txt`);

export const lockDigest = (judge: Judge): string =>
  createHash('sha256')
    .update(readFileSync(lockFile(judge)))
    .digest('hex');

export const completeFile = (folder: string): string => join(folder, COMPLETE);

export function judgeFolder({ name, version }: Judge): string {
  return join(cacheFolder(), `${name}-${version}`);
}

export function installedAt<J extends Judge>(judge: J, folder: string): Installed<J> {
  const found: InstalledProgram | InstalledPython =
    judge.registry === 'npm'
      ? { program: join(folder, 'node_modules', judge.package, judge.program), folder }
      : { python: join(folder, 'bin', 'python'), folder };
  return found as Installed<J>;
}

/** Returns the judge if it is installed. Specs use this function, because it installs nothing. */
export function findJudge<J extends Judge>(judge: J): Installed<J> | Absent {
  const folder = judgeFolder(judge);
  return readComplete(folder) === lockDigest(judge)
    ? installedAt(judge, folder)
    : { absent: `${judge.name} ${judge.version} is not installed (npm run lab -- judges installs it)` };
}

function readComplete(folder: string): string | undefined {
  try {
    return readFileSync(completeFile(folder), 'utf8').trim();
  } catch {
    return undefined;
  }
}
