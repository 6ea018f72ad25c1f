// Runs a command with our terminal, and passes a signal to end on to the command, once.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { root, workspaceEnvironment } from './workspace.mjs';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit code; 128 + n when a signal ended it
 */
export function runChild(command, args, env = workspaceEnvironment()) {
  // A session of its own: Ctrl-C reaches us from the terminal and again from npm, and the command would take the second for
  // impatience. It gets one.
  const child = spawn(command, args, { cwd: root, env, stdio: 'inherit', detached: process.platform !== 'win32' });
  const lastAtMs = new Map();
  const forward = (signal) => {
    const nowMs = performance.now();
    if (nowMs - (lastAtMs.get(signal) ?? -Infinity) < 500) return;
    lastAtMs.set(signal, nowMs);
    child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const name of FORWARDED) process.off(name, forward);
      resolve(signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0));
    });
  });
}
