import type { Writable } from 'node:stream';

/** The most bytes that wait here if the reader of our output (journald) has stopped reading. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Resolves at the first SIGTERM or SIGINT; at a second one the process ends at once. */
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

/** Writes lines while our output has a reader; false if a line was dropped. */
export function boundedOutput(output: Writable): (line: string) => boolean {
  output.on('error', () => undefined); // the reader is gone: the proxy keeps running without a log
  return (line) => {
    if (output.destroyed || output.writableLength > MAX_WAITING_BYTES) return false;
    output.write(line);
    return true;
  };
}
