import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { SupportError } from './errors';
import { integrationOnly } from './integration-only';
import { guard } from './guard';

export interface ServiceOptions {
  readonly command: string;
  readonly args?: readonly string[];
  /** The whole environment of the process. By default it gets ours. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** The user and group of the process. Only root can set them. */
  readonly uid?: number;
  readonly gid?: number;
  /** What the output must match, or a check (called every 50 ms) that must return true. By default the process is ready at once. */
  readonly readyWhen?: RegExp | (() => Promise<boolean>);
  readonly readyTimeoutMs?: number;
  /** A file to which both output streams are appended. */
  readonly logFile?: string;
  readonly onOutput?: (text: string) => void;
  /** The signal that asks the process to end. */
  readonly stopSignal?: 'SIGTERM' | 'SIGINT' | 'SIGQUIT';
  /**
   * If our process ends without `stop` (a crash, SIGKILL), the guard process ends the started process, and then removes this folder. After
   * `stop` the caller removes it.
   */
  readonly temporaryFolder?: string;
  /** Whether our process stays alive while the started one runs (default true). If false, the guard ends the started one after ours ends. */
  readonly keepAlive?: boolean;
}

export interface ServiceExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Service extends AsyncDisposable {
  readonly pid: number;
  /** The match of the regular expression `readyWhen`. */
  readonly ready: RegExpExecArray | undefined;
  /** Returns the output so far: at most the last 16 Mi characters. */
  output(): string;
  /** Resolves when the process has ended and its output is complete. Never rejects. */
  readonly exited: Promise<ServiceExit>;
  /** Asks the whole process group to end, and kills it after `graceMs`. */
  stop(graceMs?: number): Promise<ServiceExit>;
  /** Sends SIGKILL to the process and not to its children, for fault tests. */
  kill(): Promise<ServiceExit>;
}

const MAX_OUTPUT_CHARACTERS = 16 * 1024 * 1024;

/**
 * Starts a process in a new process group, captures its output and waits until it is ready. If our process ends, the guard ends it too.
 *
 * @throws SupportError SERVICE_NOT_READY with the last output, if the process ends early or is not ready in time
 */
export async function spawnService(options: ServiceOptions): Promise<Service> {
  integrationOnly('A service in a process of its own');
  return spawnHelper(options);
}

/** Like `spawnService`, but allowed in unit specs too, for small test doubles. */
export async function spawnHelper(options: ServiceOptions): Promise<Service> {
  const stopSignal = options.stopSignal ?? 'SIGTERM';
  const child = spawn(options.command, [...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  const log = options.logFile === undefined ? undefined : openSync(options.logFile, 'a', 0o600);
  let output = '';
  let changed: () => void = () => undefined;
  const capture = (text: string) => {
    output = (output + text).slice(-MAX_OUTPUT_CHARACTERS);
    if (log !== undefined) writeSync(log, text);
    options.onOutput?.(text);
    changed();
  };
  child.stdout.setEncoding('utf8').on('data', capture);
  child.stderr.setEncoding('utf8').on('data', capture);

  let ended: ServiceExit | undefined;
  let failure: Error | undefined;
  const exited = new Promise<ServiceExit>((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      if (ended !== undefined) return;
      ended = { code, signal };
      release();
      child.stdout.destroy(); // a grandchild may still hold the pipe open
      child.stderr.destroy();
      if (log !== undefined) closeSync(log);
      changed();
      resolve(ended);
    };
    child.once('error', (error) => {
      failure = error;
      if (child.pid === undefined) end(null, null);
    });
    // 'exit' occurs before the last output, and 'close' waits for grandchildren that hold the pipes. So we wait at most a second for 'close'.
    child.once('close', end);
    child.once('exit', (code, signal) => {
      setTimeout(() => {
        end(code, signal);
      }, 1000).unref();
    });
  });
  const pid = child.pid;
  const release =
    pid === undefined
      ? () => undefined
      : guard(-pid, stopSignal.slice(3) as 'TERM' | 'INT' | 'QUIT', options.temporaryFolder);

  const signalTo = (target: number, signal: NodeJS.Signals) => {
    try {
      process.kill(target, signal);
    } catch {
      /* it has ended */
    }
  };
  const stop = async (graceMs = 10_000): Promise<ServiceExit> => {
    if (ended !== undefined || pid === undefined) return exited;
    signalTo(-pid, stopSignal);
    const timer = setTimeout(() => {
      signalTo(-pid, 'SIGKILL');
    }, graceMs);
    const exit = await exited;
    clearTimeout(timer);
    signalTo(-pid, 'SIGKILL'); // ends the other processes of its group
    return exit;
  };

  const describeFailure = (what: string) => {
    const tail = output.slice(-2000).trim();
    return new SupportError('SERVICE_NOT_READY', `${options.command} ${what}${tail === '' ? '' : `\n${tail}`}`, {
      cause: failure,
    });
  };
  let match: RegExpExecArray | undefined;
  const deadline = Date.now() + (options.readyTimeoutMs ?? 60_000);
  const readyWhen = options.readyWhen;
  for (;;) {
    if (pid === undefined) {
      await exited;
      throw describeFailure(`could not be started: ${failure?.message ?? 'no process'}`);
    }
    if (readyWhen === undefined) break;
    if (readyWhen instanceof RegExp) {
      match = new RegExp(readyWhen.source, readyWhen.flags.replace(/[gy]/g, '')).exec(output) ?? undefined;
      if (match !== undefined) break;
    } else if (ended === undefined && (await readyWhen().catch(() => false))) break;
    if (ended !== undefined)
      throw describeFailure(`ended (${String((await exited).code ?? (await exited).signal)}) before it was ready`);
    if (Date.now() > deadline) {
      await stop(1000);
      throw describeFailure('was not ready in time');
    }
    const woken = new Promise<void>((resolve) => {
      changed = resolve;
    });
    await Promise.race([readyWhen instanceof RegExp ? woken : new Promise(() => undefined), sleep(50)]);
  }
  if (pid === undefined) throw describeFailure('could not be started');
  if (options.keepAlive === false) {
    child.unref();
    for (const pipe of [child.stdout, child.stderr]) if (pipe instanceof Socket) pipe.unref();
  }

  return {
    pid,
    ready: match,
    output: () => output,
    exited,
    stop,
    async kill() {
      if (ended === undefined) signalTo(pid, 'SIGKILL');
      return exited;
    },
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}
