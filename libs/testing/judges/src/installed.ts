import { cacheFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PythonJudge } from './python-judges';

/** Run what is in it as `python -m <module>`: its scripts name the folder in which it was built. */
export interface Installed {
  /** The interpreter that has the judge's packages. */
  readonly python: string;
  readonly folder: string;
}

export interface Absent {
  /** For a person, with what to do. */
  readonly absent: string;
}

/** In the judge's folder: the SHA-256 of the lock from which it was made. */
const COMPLETE = 'complete';

export const lockFile = ({ name }: PythonJudge): string =>
  join(workspaceRoot(), 'libs/testing/judges/src/locks', `${name}.txt`);

export const lockDigest = (judge: PythonJudge): string =>
  createHash('sha256')
    .update(readFileSync(lockFile(judge)))
    .digest('hex');

export const completeFile = (folder: string): string => join(folder, COMPLETE);

export function judgeFolder({ name, version }: PythonJudge): string {
  return join(cacheFolder(), `${name}-${version}`);
}

export const installedAt = (folder: string): Installed => ({ python: join(folder, 'bin', 'python'), folder });

/** What is there, without installing anything: for specs, which must know at once. */
export function findJudge(judge: PythonJudge): Installed | Absent {
  const folder = judgeFolder(judge);
  return readComplete(folder) === lockDigest(judge)
    ? installedAt(folder)
    : { absent: `${judge.name} ${judge.version} is not installed (npm run lab -- judges installs it)` };
}

function readComplete(folder: string): string | undefined {
  try {
    return readFileSync(completeFile(folder), 'utf8').trim();
  } catch {
    return undefined;
  }
}
