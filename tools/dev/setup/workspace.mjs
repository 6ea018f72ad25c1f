// Where things are. Plain Node 20, no packages: this runs before anything is installed.
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
export const bin = join(root, 'node_modules', '.bin');
export const toolsCache = join(root, '.cache', 'tools');

/** Ours, with the workspace's own Node first: what we start runs on it, whatever the system has. */
export const workspaceEnvironment = (env = process.env) => ({ ...env, PATH: `${bin}:${env.PATH ?? ''}` });

export const say = (text) => void process.stderr.write(`${text}\n`);
export const seconds = (startedAtMs) => `${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`;
