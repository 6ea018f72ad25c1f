import { UsageError } from '@communique-tee/command-line';

/** The default of --timeout. */
export const TIMEOUT_SECONDS = 10;
const MAX_TIMEOUT_SECONDS = 300;

/** Reads the value of `--timeout <seconds>`. @returns milliseconds @throws UsageError */
export function limitOf(text: string): number {
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > MAX_TIMEOUT_SECONDS)
    throw new UsageError(`--timeout takes whole seconds, 1 to ${String(MAX_TIMEOUT_SECONDS)}`);
  return seconds * 1000;
}
