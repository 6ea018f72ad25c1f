import { fetchEnclaveKey, type EnclaveKey, type TrustPolicy } from '@communique-tee/client';
import { endingOf } from './exit-of';
import { Failure, messageOf } from './failure';

/**
 * Runs `ask`, and turns fetch's own errors into a Failure.
 * @throws Failure `unreachable` if there is no answer; every other error of `ask` unchanged
 */
export async function reaching<T>(gateway: URL, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (endingOf(error) !== undefined || !isNetworkError(error)) throw error;
    throw new Failure('unreachable', `${gateway.host} did not answer: ${messageOf(error)}`, error);
  }
}

/** Compares names, because fetch may come from another realm than the error classes here. */
function isNetworkError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('name' in error) || !('message' in error)) return false;
  return (
    (error.name === 'TypeError' && (error.message === 'fetch failed' || error.message === 'terminated')) ||
    error.name === 'TimeoutError' ||
    error.name === 'AbortError'
  );
}

/** Asks for the enclave's key and verifies it. @throws AttestationError, ClientError, Failure `unreachable` */
export function attestedKey(gateway: URL, policy: TrustPolicy, signal: AbortSignal): Promise<EnclaveKey> {
  return reaching(gateway, () => fetchEnclaveKey(gateway, policy, signal));
}

/**
 * Returns the enclave's clock, in Unix seconds. The enclave uses its own clock to check expiry and signed notes.
 * @param attestation a document that the enclave has made just now
 */
export function enclaveClock({ attestation }: Pick<EnclaveKey, 'attestation'>): () => number {
  const aheadMs = attestation.timestampMs - Date.now();
  return () => Math.floor((Date.now() + aheadMs) / 1000);
}

export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly body: Uint8Array;
}

/** Fetches an answer. @throws Failure `unreachable` if it is not complete within `timeoutMs`, or has more than `maxBytes` */
export async function fetchBounded(
  url: URL,
  { accept, maxBytes, timeoutMs }: { accept: string; maxBytes: number; timeoutMs: number },
): Promise<Answer> {
  try {
    const response = await fetch(url, { headers: { accept }, signal: AbortSignal.timeout(timeoutMs) });
    return { ok: response.ok, status: response.status, body: await readAtMost(response, maxBytes) };
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure('unreachable', `${url.host} did not answer: ${messageOf(cause)}`, cause);
  }
}

async function readAtMost(response: Response, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  if (response.body) {
    for await (const part of response.body) {
      length += part.length;
      if (length > most)
        throw new Failure('unreachable', `the answer is too long (at most ${String(most)} bytes are read)`);
      parts.push(part);
    }
  }
  return new Uint8Array(Buffer.concat(parts));
}
