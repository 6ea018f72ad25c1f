import { errors, type JWTVerifyGetKey } from 'jose';
import { ProblemError } from '../../core/problems/problem-error';
import type { Logger } from '../../core/telemetry/logger';
import { KeySetError, MAX_KEY_SET_BYTES, finderOf, parseKeySet } from './key-set';
import type { KeySource } from './token-verifier';

/** How long a fetched set is used without another fetch. */
const FRESH_MS = 600_000;
/** While the provider is down, the gateway fetches at most once in this time. */
const RETRY_MS = 1000;
const RETRY_AFTER_SECONDS = 10;

export interface KeySetByUrl {
  readonly url: string;
  readonly timeoutMs: number;
  /** A token with an unknown key id triggers a fetch, at most once in this time. */
  readonly cooldownMs: number;
  /** How much longer than FRESH_MS the gateway uses the last good keys while the provider is down. */
  readonly staleMs: number;
}

/**
 * Fetches the key set and keeps it. jose's own cache is not used, because it would expire during an outage of the provider, and then the
 * gateway would refuse every token. A set that can be read replaces the previous one, even if it has no usable key.
 * @throws ProblemError (`current` and `find`) `identity_provider_unavailable` if the set is too old, or lacks a token's key and cannot be
 * fetched again
 */
export function openKeySetByUrl({ url, timeoutMs, cooldownMs, staleMs }: KeySetByUrl, logger: Logger): KeySource {
  let keys: JWTVerifyGetKey = () => {
    throw new errors.JWKSNoMatchingKey();
  };
  let number = 0;
  let fetchedAtMs: number | undefined;
  let askedAtMs = -Infinity;
  let failure: unknown;
  let asking: Promise<void> | undefined;

  const ask = (): Promise<void> =>
    (asking ??= fetchKeySet(url, timeoutMs)
      .then((bytes) => finderOf(parseKeySet(bytes), logger))
      .then(
        (found) => {
          keys = found;
          number++;
          fetchedAtMs = performance.now();
          failure = undefined;
        },
        (error: unknown) => {
          failure = error;
          logger.warn(
            { err: error },
            fetchedAtMs === undefined
              ? 'the keys that sign tokens cannot be fetched'
              : 'the keys that sign tokens cannot be fetched: the last good ones are used for a while',
          );
        },
      )
      .finally(() => {
        askedAtMs = performance.now();
        asking = undefined;
      }));
  const askAtMostEvery = async (intervalMs: number) => {
    if (asking !== undefined || performance.now() - askedAtMs >= intervalMs) await ask();
  };
  const ageMs = () => (fetchedAtMs === undefined ? Infinity : performance.now() - fetchedAtMs);

  const find: KeySource['find'] = async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await askAtMostEvery(failure === undefined ? cooldownMs : Math.max(cooldownMs, RETRY_MS));
      if (failure !== undefined) throw unavailable(failure);
      return keys(header, token);
    }
  };

  return {
    async current() {
      if (ageMs() >= FRESH_MS + staleMs) await askAtMostEvery(RETRY_MS);
      // A request that finds old keys waits for new ones, unless the last fetch failed.
      else if (ageMs() >= FRESH_MS) {
        const asked = askAtMostEvery(failure === undefined ? 0 : RETRY_MS);
        if (failure === undefined) await asked;
      }
      if (ageMs() >= FRESH_MS + staleMs) throw unavailable(failure);
      return number;
    },
    find,
  };
}

/** Fetches the set. Redirects are not followed, because they could lead to another host's keys. */
async function fetchKeySet(url: string, timeoutMs: number): Promise<Uint8Array> {
  const response = await fetch(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    const bytes = part as Uint8Array;
    length += bytes.length;
    if (length > MAX_KEY_SET_BYTES) throw new KeySetError(`has more than ${String(MAX_KEY_SET_BYTES)} bytes`);
    parts.push(bytes);
  }
  if (response.status !== 200) throw new KeySetError(`was answered with ${String(response.status)}`);
  return Buffer.concat(parts);
}

function unavailable(cause: unknown): ProblemError {
  return new ProblemError('identity_provider_unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
}
