import { readFileSync } from 'node:fs';
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { terminal, type Streams } from '@communique-tee/command-line';
import type { Ended } from './step';

/** Everything outside this program. */
export interface Ports extends Streams {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  run(command: string, env: Readonly<Record<string, string>>, options: { readonly shown: boolean }): Promise<Ended>;
  /** @returns undefined if there is no terminal to ask at */
  ask(question: string): Promise<boolean | undefined>;
  /** @param signal ends the pause early, without an error */
  pause(seconds: number, signal: AbortSignal): Promise<void>;
  nowMs(): number;
  /** The version (package.json) and the Git commit of this checkout. */
  source(): { readonly version: string; readonly commit: string };
  /** Calls `called` at Ctrl-C and SIGTERM. @returns a function that stops listening */
  onInterrupt(called: () => void): () => void;
}

const MOST_BYTES = 4 * 1024 * 1024;

export function realPorts(root: string): Ports {
  return {
    ...terminal,
    root,
    env: process.env,
    run: (command, env, { shown }) =>
      new Promise((resolve) => {
        const child = spawn('bash', ['--norc', '-c', `set -o pipefail; ${command}`], {
          cwd: root,
          // Pulumi takes its Node from PATH.
          env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`, ...env },
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const text = { stdout: '', stderr: '' };
        for (const name of ['stdout', 'stderr'] as const)
          child[name].setEncoding('utf8').on('data', (part: string) => {
            text[name] = (text[name] + part).slice(-MOST_BYTES);
            if (shown) process.stderr.write(part);
          });
        child.on('error', () => {
          resolve({ code: undefined, ...text });
        });
        child.on('close', (code) => {
          resolve({ code: code ?? undefined, ...text });
        });
      }),
    ask: async (question) => {
      if (!process.stdin.isTTY) return undefined;
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
      } finally {
        lines.close();
      }
    },
    pause: (seconds, signal) => sleep(seconds * 1000, undefined, { signal }).catch(() => undefined),
    nowMs: Date.now,
    source: () => {
      const { version = 'unknown' } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
        version?: string;
      };
      try {
        return {
          version,
          commit: execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim(),
        };
      } catch {
        return { version, commit: 'unknown' };
      }
    },
    onInterrupt: (called) => {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, called);
      return () => {
        for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, called);
      };
    },
  };
}
