import { Worker } from 'node:worker_threads';

export interface BlockingRequest {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodies: readonly (string | Uint8Array)[];
  readonly timeoutMs: number;
}

/** The source of a worker thread. It is a string because the gateway is bundled into one file. */
const THREAD = `'use strict';
const { endpoint, headers, bodies, timeoutMs, done } = require('node:worker_threads').workerData;
const post = async (body) => {
  const response = await fetch(endpoint, { method: 'POST', headers, body, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  await response.body?.cancel();
};
Promise.allSettled(bodies.map(post)).then(() => {
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
});`;

/**
 * Posts `bodies` and blocks this thread until they are sent, at most `timeoutMs`. It blocks because the gateway's state is unknown after an
 * uncaught exception: meanwhile the gateway must answer no request and relay no message. Never throws.
 */
export function sendBlocking({ timeoutMs, ...request }: BlockingRequest): void {
  try {
    const done = new Int32Array(new SharedArrayBuffer(4));
    const thread = new Worker(THREAD, {
      eval: true,
      env: {},
      execArgv: [],
      workerData: { ...request, timeoutMs, done },
    });
    thread.on('error', () => undefined);
    thread.unref();
    Atomics.wait(done, 0, 0, timeoutMs);
    void thread.terminate();
  } catch {
    // The process ends, so an error here cannot be reported.
  }
}
