// The paths of the workspace. This runs on plain Node 20 without packages, because it runs before anything is installed.
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
export const bin = join(root, 'node_modules', '.bin');
export const toolsCache = join(root, '.cache', 'tools');

/** Returns our environment with the workspace's own Node first in PATH, so that the programs we start use it. */
export const workspaceEnvironment = (env = process.env) => ({ ...env, PATH: `${bin}:${env.PATH ?? ''}` });

export const say = (text) => void process.stderr.write(`${text}\n`);
export const seconds = (startedAtMs) => `${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`;
