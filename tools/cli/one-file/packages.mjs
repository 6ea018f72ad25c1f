// Installs only the packages that the build of communique-tee.mjs needs, at the versions of package-lock.json, into a separate folder.
// A person who wants only this file then does not need the packages of the whole project.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { lockOf } from './bundle.mjs';

/** one-file.integration.spec.ts compares this list with the packages that the build reads. */
export const PACKAGES = ['@noble/ciphers', '@noble/curves', '@noble/hashes', 'commander', 'esbuild', 'zod'];

/**
 * @param {string} root the checkout
 * @param {string} folder replaced unless it contains these packages at these versions
 * @returns {string} the node_modules of the folder
 * @throws Error if npm fails; its output goes to standard error
 */
export function installPackages(root, folder) {
  const lock = `${JSON.stringify(lockfile(root), null, 1)}\n`;
  const lockPath = join(folder, 'package-lock.json');
  if (existsSync(lockPath) && readFileSync(lockPath, 'utf8') === lock) return join(folder, 'node_modules');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ private: true, dependencies: wanted(root) })}\n`);
  // npm reads the lockfile under this name too. The name package-lock.json marks a finished installation.
  writeFileSync(join(folder, 'npm-shrinkwrap.json'), lock);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  renameSync(join(folder, 'npm-shrinkwrap.json'), lockPath);
  return join(folder, 'node_modules');
}

/** @param {string} root */
function wanted(root) {
  const lock = lockOf(root);
  return Object.fromEntries(PACKAGES.map((name) => [name, lock[`node_modules/${name}`].version]));
}

/**
 * Returns the part of package-lock.json that PACKAGES need, with its versions and hashes.
 * @param {string} root
 */
export function lockfile(root) {
  const lock = lockOf(root);
  /** @type {Record<string, object>} */
  const packages = { '': { dependencies: wanted(root) } };
  const add = (/** @type {string} */ name) => {
    const path = `node_modules/${name}`;
    const entry = lock[path];
    if (entry === undefined || packages[path] !== undefined) return;
    // `dev` marks what the project needs only for development, but every package here is needed.
    const { dev: _, ...rest } = /** @type {{ dev?: boolean }} */ (entry);
    packages[path] = rest;
    for (const each of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) add(each);
  };
  PACKAGES.forEach(add);
  return { lockfileVersion: 3, requires: true, packages };
}
