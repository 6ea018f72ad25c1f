import type { Writable } from 'node:stream';

/** The most output to buffer while the reader (journald) does not read. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Resolves at the first SIGTERM or SIGINT. A second one ends the process at once. */
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

/** Returns a function that writes a line. If too much output waits for the reader, the function drops the line and returns false. */
export function boundedOutput(output: Writable): (line: string) => boolean {
  output.on('error', () => undefined); // without a reader, the program keeps running without a log
  return (line) => {
    if (output.destroyed || output.writableLength > MAX_WAITING_BYTES) return false;
    output.write(line);
    return true;
  };
}
