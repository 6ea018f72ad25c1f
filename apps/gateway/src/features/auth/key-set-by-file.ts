import { open } from 'node:fs/promises';
import { constants } from 'node:fs';
import { ConfigurationProblem } from '../../core/config/configuration-problem';
import { ProblemError } from '../../core/problems/problem-error';
import type { Logger } from '../../core/telemetry/logger';
import { type KeySet, KeySetError, MAX_KEY_SET_BYTES, finderOf, parseKeySet } from './key-set';
import type { KeySource } from './token-verifier';

/** The time from one check of the file to the next. */
const RECHECK_MS = 1000;
const RETRY_AFTER_SECONDS = 10;

export interface KeySetByFile {
  readonly file: string;
  /** How long the gateway uses the last good keys while the file is unusable. */
  readonly staleMs: number;
}

/**
 * Reads the file now, and again after each change. A readable set replaces the previous one, even if it has no usable key. While the file
 * cannot be read, the last good keys are used for `staleMs`.
 * @throws ConfigurationProblem as `readKeySetFile`
 */
export async function openKeySetByFile({ file, staleMs }: KeySetByFile, logger: Logger): Promise<KeySource> {
  const first = await readKeySetFile(file);
  let { version } = first;
  let find = finderOf(first.set, logger);
  let number = 1;
  let checkedAtMs = performance.now();
  let brokenSinceMs: number | undefined;
  let reported: string | undefined;

  const check = async () => {
    try {
      const now = await read(file);
      if (now.version !== version) {
        find = finderOf(parseKeySet(now.bytes), logger);
        ({ version } = now);
        number++;
        logger.info({}, 'the key set file was read again');
      }
      brokenSinceMs = undefined;
      reported = undefined;
    } catch (error) {
      brokenSinceMs ??= checkedAtMs;
      const reason = reasonOf(error);
      if (reason !== reported) {
        logger.warn({}, `AUTH_JWKS_FILE ${reason}`);
        logger.error({ err: error }, 'the key set file cannot be read: the keys read before stay in use');
      }
      reported = reason;
    }
  };

  return {
    async current() {
      if (performance.now() - checkedAtMs >= RECHECK_MS) {
        checkedAtMs = performance.now();
        await check();
      }
      if (brokenSinceMs !== undefined && performance.now() - brokenSinceMs >= staleMs)
        throw new ProblemError('identity_provider_unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS });
      return number;
    },
    find: (header, token) => find(header, token),
  };
}

/**
 * Reads the set, and a version that changes with the file. Also called before Nest starts, because Nest would print a stack trace for a bad
 * file.
 * @throws ConfigurationProblem for a file that cannot be read, is no set, or has no usable key
 */
export async function readKeySetFile(file: string): Promise<{ readonly version: string; readonly set: KeySet }> {
  try {
    const { version, bytes } = await read(file);
    const set = parseKeySet(bytes);
    if (set.keys.length === 0)
      throw new KeySetError(['has no key that can verify a token here', ...set.leftOut].join('; '));
    return { version, set };
  } catch (error) {
    throw new ConfigurationProblem(`AUTH_JWKS_FILE: the file ${reasonOf(error)}`);
  }
}

interface Read {
  /** Differs after each change of the file, even if its date is kept. */
  readonly version: string;
  readonly bytes: Uint8Array;
}

async function read(path: string): Promise<Read> {
  // Non-blocking: otherwise `open` waits if the path is a pipe without a writer
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new KeySetError('is no file');
    if (stat.size > MAX_KEY_SET_BYTES) throw new KeySetError(`has more than ${String(MAX_KEY_SET_BYTES)} bytes`);
    const version = [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ');
    return { version, bytes: await file.readFile() };
  } finally {
    await file.close();
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof KeySetError) return error.message;
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown reason';
  return `cannot be read (${code})`;
}
