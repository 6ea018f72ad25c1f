import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
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
import type { Judge, NpmJudge, PythonJudge } from './judges';

const OLDEST_PYTHON = [3, 11] as const;
const INSTALL_TIMEOUT_MS = 300_000;

/** npm retries only once, after a second. Its default waits more than a minute if there is no registry. */
const NPM_OPTIONS = [
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=1000',
  '--loglevel=error',
];

const execute = promisify(execFile);
const run = (program: string, args: readonly string[], cwd?: string): Promise<{ stdout: string }> =>
  execute(program, args, { timeout: INSTALL_TIMEOUT_MS, env: process.env, cwd });

/**
 * Installs a judge into a separate folder of the user's cache, unless it is installed. The lock file has the hash of every
 * package. No package runs its own code during the installation.
 * @returns `absent` with the reason if Python or npm is missing, or the installation fails
 */
export async function installJudge<J extends Judge>(
  judge: J,
  say: (line: string) => void,
): Promise<Installed<J> | Absent> {
  const found = findJudge(judge);
  if (!('absent' in found)) return found;
  const tool = judge.registry === 'npm' ? await findNpm() : await findPython();
  if (typeof tool !== 'string') return tool;
  const folder = judgeFolder(judge);
  say(`installing ${judge.name} ${judge.version} into ${folder}`);
  const building = `${folder}.${String(process.pid)}`;
  try {
    await mkdir(dirname(folder), { recursive: true });
    await (judge.registry === 'npm' ? fillFromNpm(judge, tool, building) : fillFromPyPi(judge, tool, building));
    await writeFile(completeFile(building), `${lockDigest(judge)}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(building, folder).catch((error: unknown) => {
      // Another process was faster
      if ('absent' in findJudge(judge)) throw error;
    });
    return installedAt(judge, folder);
  } catch (error) {
    return { absent: `${judge.name} ${judge.version} cannot be installed: ${reasonOf(error)}` };
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

/** Installs only wheels, because a source package runs its own code when it is built. */
async function fillFromPyPi(judge: PythonJudge, python: string, folder: string): Promise<void> {
  await run(python, ['-m', 'venv', folder]);
  await run(
    join(folder, 'bin', 'python'),
    // prettier-ignore
    ['-m', 'pip', 'install', '--quiet', '--no-deps', '--require-hashes', '--only-binary', ':all:', '-r', lockFile(judge)],
  );
}

const lockSchema = z.looseObject({ packages: z.looseObject({ '': z.looseObject({}) }) });

async function fillFromNpm(judge: NpmJudge, npm: string, folder: string): Promise<void> {
  await mkdir(folder);
  const { packages } = lockSchema.parse(JSON.parse(await readFile(lockFile(judge), 'utf8')));
  await writeFile(join(folder, 'package.json'), JSON.stringify(packages['']));
  await copyFile(lockFile(judge), join(folder, 'package-lock.json'));
  await run(npm, ['ci', ...NPM_OPTIONS, '--prefix', folder], folder);
}

/** Returns the first line of the program's error output, or of the error. */
function reasonOf(error: unknown): string {
  const { stderr = '', message = String(error) } = error as { stderr?: string; message?: string };
  return (stderr.trim() || message).split('\n', 1)[0] ?? '';
}

async function findPython(): Promise<string | Absent> {
  for (const name of ['python3', 'python']) {
    const version = await run(name, ['-c', 'import sys, venv; print(*sys.version_info[:2])']).catch(() => null);
    const [major = 0, minor = 0] = version?.stdout.trim().split(' ').map(Number) ?? [];
    if (major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1])) return name;
  }
  return { absent: `Python ${OLDEST_PYTHON.join('.')} or later is not on PATH` };
}

async function findNpm(): Promise<string | Absent> {
  const found = await run('npm', ['--version']).catch(() => null);
  return found === null ? { absent: 'npm is not on PATH' } : 'npm';
}
