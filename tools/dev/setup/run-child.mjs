// Runs a command in our terminal. Forwards signals to it, but not one that repeats within half a second.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { root, workspaceEnvironment } from './workspace.mjs';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit code; 128 + n if signal n ended the command
 */
export function runChild(command, args, env = workspaceEnvironment()) {
  // The command runs in a separate session. Ctrl-C reaches us from the terminal and again from npm, and the command would take the second
  // signal for a second Ctrl-C. So it gets only one.
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
