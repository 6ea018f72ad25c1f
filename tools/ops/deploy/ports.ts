import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { terminal, type Streams } from '@communique-tee/command-line';
import { shellPath } from '../preflight/here/shell-path';
import { realPorts, type Ports as LookingPorts } from '../preflight/ports';
import type { Interruption } from './interruption';

/** How a program ended. */
export interface Exited {
  /** undefined: ended by a signal, or not started. */
  readonly code: number | undefined;
  /** The program does not exist. */
  readonly missing: boolean;
}

/** Everything outside this program. Tests replace it by stand-ins. */
export interface Ports extends Streams {
  /** The ports of preflight: the checkout, the environment, programs, AWS. */
  readonly looking: LookingPorts;
  /** Runs a program on the terminal: the person sees its output and answers its questions. */
  run(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Exited>;
  /** Runs a program and returns its standard output. Its standard error goes to the terminal. */
  read(
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<Exited & { stdout: string }>;
  /** Asks the person at the terminal; absent if there is none. */
  readonly ask?: (question: string) => Promise<boolean>;
  /** Resolves early when the person interrupts. */
  sleep(ms: number): Promise<void>;
  readonly interruption: Interruption;
  /** The root to trust instead of AWS's, and the gateway to ask instead of the stack's. Only tests set them (testing/main.ts). */
  readonly underTest?: { readonly rootPem: string; readonly gateway: URL };
}

/** Pulumi runs infra/ with the first `node` on this PATH: the workspace's own Node, if one is installed. */
export const pulumiPath = (root: string, path: string): string =>
  [join(root, 'node_modules', '.bin'), shellPath(path)].join(delimiter);

const MAX_OUTPUT_CHARACTERS = 16 * 1024 * 1024;

export function deployPorts(root: string, interruption: Interruption): Ports {
  const looking = realPorts(root);
  const start = (
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    onOutput?: (text: string) => void,
  ): Promise<Exited> =>
    new Promise((resolve) => {
      // Not detached, so that the program also gets the terminal's Ctrl-C, and handles it.
      const child = spawn(command, [...args], {
        cwd: root,
        env: { ...process.env, ...env },
        stdio: ['inherit', onOutput === undefined ? 'inherit' : 'pipe', 'inherit'],
      });
      const forget = interruption.tell(child);
      const end = (exited: Exited): void => {
        forget();
        resolve(exited);
      };
      child.stdout?.setEncoding('utf8').on('data', onOutput ?? (() => undefined));
      child.once('error', (error) => {
        end({ code: undefined, missing: 'code' in error && error.code === 'ENOENT' });
      });
      child.once('close', (code) => {
        end({ code: code ?? undefined, missing: false });
      });
    });
  return {
    ...terminal,
    looking,
    interruption,
    run: (command, args, env) => start(command, args, env),
    read: async (command, args, env) => {
      let stdout = '';
      const exited = await start(command, args, env, (text) => {
        stdout = (stdout + text).slice(-MAX_OUTPUT_CHARACTERS);
      });
      return { ...exited, stdout };
    },
    ...(process.stdin.isTTY && process.stderr.isTTY && { ask: (question) => ask(question, interruption.signal) }),
    sleep: (ms) => sleep(ms, undefined, { signal: interruption.signal }).catch(() => undefined),
  };
}

/** Only `y` and `yes` mean yes. */
async function ask(question: string, signal: AbortSignal): Promise<boolean> {
  const line = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await line.question(`${question} [y/N] `, { signal })).trim());
  } catch {
    return false; // interrupted: the runner reports it
  } finally {
    line.close();
  }
}
