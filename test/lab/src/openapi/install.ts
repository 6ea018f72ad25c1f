import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Pinned: another version generates other requests, and knows other checks. */
export const SCHEMATHESIS_VERSION = '4.32.5';
const OLDEST_PYTHON = [3, 10] as const;
const INSTALL_TIMEOUT_MS = 300_000;

const run = promisify(execFile);

export type Installed = { readonly command: string } | { readonly absent: string };

/**
 * The tool in an environment of its own under the user's cache, made on first use (94 MB, about 20 s).
 * @returns `absent` with the reason where Python is missing or the package cannot be installed
 */
export async function installSchemathesis(say: (line: string) => void): Promise<Installed> {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'communique-tee', `schemathesis-${SCHEMATHESIS_VERSION}`);
  const command = join(folder, 'bin', 'schemathesis');
  if (existsSync(join(folder, 'complete'))) return { command };
  const python = await findPython();
  if (python === null) return { absent: `Python ${OLDEST_PYTHON.join('.')} or later is not here` };
  say(`installing schemathesis ${SCHEMATHESIS_VERSION} into ${folder}`);
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(join(folder, '..'), { recursive: true });
    await run(python, ['-m', 'venv', folder], { timeout: INSTALL_TIMEOUT_MS });
    await run(join(folder, 'bin', 'pip'), ['install', '--quiet', `schemathesis==${SCHEMATHESIS_VERSION}`], {
      timeout: INSTALL_TIMEOUT_MS,
    });
    await mkdir(join(folder, 'complete.new'), { recursive: true });
    await rename(join(folder, 'complete.new'), join(folder, 'complete'));
    return { command };
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { absent: `schemathesis ${SCHEMATHESIS_VERSION} cannot be installed: ${line}` };
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
