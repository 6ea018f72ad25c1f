import type { Writable } from 'node:stream';

/** The most bytes of output that are buffered if the reader (journald) has stopped reading. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Resolves at the first SIGTERM or SIGINT. At a second one the process exits at once. */
export function runUntilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        resolve();
        for (const again of ['SIGTERM', 'SIGINT'] as const) process.once(again, () => process.exit(1));
      });
    }
  });
}

/** Returns a function that writes a line to the output, or drops it and returns false if too much output waits for the reader. */
export function boundedOutput(output: Writable): (line: string) => boolean {
  output.on('error', () => undefined); // if the reader is gone, the proxy keeps running without a log
  return (line) => {
    if (output.destroyed || output.writableLength > MAX_WAITING_BYTES) return false;
    output.write(line);
    return true;
  };
}
