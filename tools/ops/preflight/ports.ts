import { execFile } from 'node:child_process';
import { lookup, Resolver } from 'node:dns/promises';
import type { AwsOverrides } from './aws/account';

/** Everything outside this program, so that tests can put stand-ins in its place. */
export interface Ports {
  /** The checkout. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly nodeVersion: string;
  readonly fetch: typeof fetch;
  readonly resolver: Pick<Resolver, 'resolve4' | 'resolve6' | 'resolveNs' | 'resolveCaa'>;
  /** Resolves a name with the operating system's resolver. */
  lookup(host: string): Promise<readonly { address: string; family: number }[]>;
  runProgram(command: string, args: readonly string[], options: ProgramOptions): Promise<ProgramEnd>;
  /** Origins of the providers' APIs. */
  readonly origins: { readonly openai: string; readonly googleAi: string; readonly anthropic: string };
  /** Empty outside tests, which means AWS's endpoints and the SDK's default chain of credentials. */
  readonly aws: AwsOverrides;
  nowMs(): number;
  /** @returns a function that cancels the timer */
  startTimer(ms: number, over: () => void): () => void;
}

export const startTimer: Ports['startTimer'] = (ms, over) => {
  // On a busy machine the timer may run before an answer that has already arrived is read, so wait one more turn
  const timer = setTimeout(() => setImmediate(over), ms);
  return () => {
    clearTimeout(timer);
  };
};

export interface ProgramOptions {
  readonly signal: AbortSignal;
  /** Variables that replace those of this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ProgramEnd {
  /** undefined: there is no such program, or it could not be started. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

export function realPorts(root: string): Ports {
  return {
    root,
    env: process.env,
    nodeVersion: process.versions.node,
    fetch,
    resolver: new Resolver({ timeout: 3000, tries: 2 }),
    lookup: (host) => lookup(host, { all: true }),
    runProgram: (command, args, { signal, env }) =>
      new Promise((resolve) => {
        execFile(
          command,
          [...args],
          { cwd: root, signal, env: { ...process.env, ...env }, maxBuffer: MAX_OUTPUT_BYTES, encoding: 'utf8' },
          (error, stdout, stderr) => {
            resolve({
              code: error === null ? 0 : typeof error.code === 'number' ? error.code : undefined,
              stdout,
              stderr,
            });
          },
        );
      }),
    origins: {
      openai: 'https://api.openai.com',
      googleAi: 'https://generativelanguage.googleapis.com',
      anthropic: 'https://api.anthropic.com',
    },
    aws: {},
    nowMs: Date.now,
    startTimer,
  };
}
