import { UsageError } from '@communique-tee/command-line';

/** --timeout if none is given. */
export const TIMEOUT_SECONDS = 10;
const MAX_TIMEOUT_SECONDS = 300;

/** `--timeout <seconds>` in ms. @throws UsageError */
export function limitOf(text: string): number {
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > MAX_TIMEOUT_SECONDS)
    throw new UsageError(`--timeout takes whole seconds, 1 to ${String(MAX_TIMEOUT_SECONDS)}`);
  return seconds * 1000;
}
