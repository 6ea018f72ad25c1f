// Gets programs from Debian's packages. Root installs them; another user downloads and unpacks them into a folder.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const POLICY = '/usr/sbin/policy-rc.d';
const UPDATE_TIMEOUT_MS = 180_000;
const INSTALL_TIMEOUT_MS = 900_000;

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ timeoutMs?: number, cwd?: string }} options
 */
function run(command, args, { timeoutMs = INSTALL_TIMEOUT_MS, cwd } = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: timeoutMs,
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  });
  if (status === 0) return { ok: true, stdout };
  const { code } = /** @type {NodeJS.ErrnoException} */ (error ?? {});
  const said = `${stderr ?? ''}`
    .split('\n')
    .filter((line) => /^(E:|W:|dpkg)/.test(line))
    .slice(0, 3)
    .join('; ');
  return {
    ok: false,
    stdout: stdout ?? '',
    reason: `${command} ${args.find((word) => /^[a-z]/.test(word)) ?? ''}: ${said || (code ?? `exit ${status}`)}`,
  };
}

export const isDebian = () => run('apt-get', ['--version']).ok && run('dpkg', ['--version']).ok;

let updated;
/** Runs apt-get update once for all requested packages. */
const update = (options = []) =>
  (updated ??= run('apt-get', [...options, 'update', '-q'], { timeoutMs: UPDATE_TIMEOUT_MS }));

/** @returns {string | undefined} why the packages could not be installed; undefined if they were */
export function installAsRoot(packages) {
  const refreshed = update();
  // Tests start their own servers. This file keeps Debian from starting the service of a package such as redis-server.
  const ours = existsSync(dirname(POLICY)) && !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const installed = run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages]);
    if (installed.ok) return undefined;
    return refreshed.ok ? installed.reason : `${refreshed.reason}; ${installed.reason}`;
  } finally {
    if (ours) rmSync(POLICY, { force: true });
  }
}

/**
 * Unpacks a package and its missing dependencies into `folder`. This needs no root and runs no installation script.
 *
 * @returns {string | undefined} why the package could not be unpacked; undefined if it was
 */
export function unpackInto(folder, packageName) {
  const work = mkdtempSync(join(tmpdir(), 'communique-apt-'));
  const draft = `${folder}.${process.pid}`;
  try {
    // In a slim image the system's package lists are empty, and only root may fill them. Then this function fetches its own lists.
    let options = [];
    let plan = simulate(options, packageName);
    if (!plan.ok) {
      const state = join(work, 'state');
      mkdirSync(join(state, 'lists', 'partial'), { recursive: true });
      mkdirSync(join(work, 'cache', 'archives', 'partial'), { recursive: true });
      options = [
        '-o',
        `Dir::State=${state}`,
        '-o',
        'Dir::State::status=/var/lib/dpkg/status',
        '-o',
        `Dir::Cache=${join(work, 'cache')}`,
      ];
      const refreshed = run('apt-get', [...options, 'update', '-q'], { timeoutMs: UPDATE_TIMEOUT_MS });
      if (!refreshed.ok) return refreshed.reason;
      plan = simulate(options, packageName);
      if (!plan.ok) return plan.reason;
    }
    const names = [...plan.stdout.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name);
    if (!names.includes(packageName)) names.push(packageName);
    const downloads = join(work, 'packages');
    mkdirSync(downloads);
    const downloaded = run('apt-get', [...options, 'download', '-q', ...names], { cwd: downloads });
    if (!downloaded.ok) return downloaded.reason;
    mkdirSync(draft, { recursive: true });
    for (const file of readdirSync(downloads)) {
      const unpacked = run('dpkg', ['-x', join(downloads, file), draft]);
      if (!unpacked.ok) return unpacked.reason;
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
    return undefined;
  } finally {
    for (const left of [work, draft]) rmSync(left, { recursive: true, force: true });
  }
}

const simulate = (options, packageName) =>
  run('apt-get', [...options, 'install', '-s', '-q', '--no-install-recommends', packageName]);
