import { execFile } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import {
  completeFile,
  findJudge,
  installedAt,
  judgeFolder,
  lockDigest,
  lockFile,
  type Absent,
  type Installed,
} from './installed';
import type { PythonJudge } from './python-judges';

const OLDEST_PYTHON = [3, 11] as const;
const INSTALL_TIMEOUT_MS = 300_000;

const execute = promisify(execFile);
const run = (program: string, args: readonly string[]): Promise<{ stdout: string }> =>
  execute(program, args, { timeout: INSTALL_TIMEOUT_MS, env: process.env });

/**
 * Installs a judge into an environment of its own under the user's cache, unless it is there. Every package is a wheel whose SHA-256 the
 * lock names: no package runs a program while it is installed.
 * @returns `absent` with the reason where Python is missing or a package cannot be fetched
 */
export async function installJudge(judge: PythonJudge, say: (line: string) => void): Promise<Installed | Absent> {
  const found = findJudge(judge);
  if (!('absent' in found)) return found;
  const python = await findPython();
  if (python === null) return { absent: `Python ${OLDEST_PYTHON.join('.')} or later is not on PATH` };
  const folder = judgeFolder(judge);
  say(`installing ${judge.name} ${judge.version} into ${folder}`);
  const building = `${folder}.${String(process.pid)}`;
  try {
    await mkdir(dirname(folder), { recursive: true });
    await run(python, ['-m', 'venv', building]);
    await run(
      join(building, 'bin', 'python'),
      // prettier-ignore
      ['-m', 'pip', 'install', '--quiet', '--no-deps', '--require-hashes', '--only-binary', ':all:', '-r', lockFile(judge)],
    );
    await writeFile(completeFile(building), `${lockDigest(judge)}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(building, folder).catch((error: unknown) => {
      // Another process was faster.
      if ('absent' in findJudge(judge)) throw error;
    });
    return installedAt(folder);
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { absent: `${judge.name} ${judge.version} cannot be installed: ${line}` };
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

async function findPython(): Promise<string | null> {
  for (const name of ['python3', 'python']) {
    const version = await run(name, ['-c', 'import sys, venv; print(*sys.version_info[:2])']).catch(() => null);
    const [major = 0, minor = 0] = version?.stdout.trim().split(' ').map(Number) ?? [];
    if (major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1])) return name;
  }
  return null;
}
