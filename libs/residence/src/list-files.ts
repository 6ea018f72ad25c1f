// Fetches the registrar's static files over HTTP, within limits of size and time.
import { ResidenceListError } from './list-errors';
import { FIELD_BYTES } from './field';

/** The number of leaves in a leaf file, and of subtree roots in the file `subtrees`. */
export const NODES_PER_FILE = 1024;
export const LIST_FILE_BYTES = NODES_PER_FILE * FIELD_BYTES;

const REQUEST_TIMEOUT_MS = 20_000;

/**
 * Returns one file of the list; null if the server answers 404. All clients send the same request: no cookies, no conditional headers, no
 * referrer, and no other data that distinguishes readers. Stops after 20 seconds, or at `deadlineMs` (by Date.now()) if that is earlier.
 * @throws ResidenceListError `ERR_RESIDENCE_LIST_UNREACHABLE`; the signal's reason
 */
export async function fetchListFile(
  url: URL,
  maxBytes: number,
  { signal, deadlineMs }: { readonly signal?: AbortSignal | undefined; readonly deadlineMs: number },
): Promise<Uint8Array | null> {
  const timeout = AbortSignal.timeout(Math.max(0, Math.min(REQUEST_TIMEOUT_MS, deadlineMs - Date.now())));
  try {
    const response = await fetch(url, {
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      redirect: 'error',
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    });
    if (response.status === 404) {
      await response.body?.cancel();
      return null;
    }
    if (response.status !== 200) throw unreachable(`the answer is ${response.status}`);
    return await readUpTo(response, maxBytes);
  } catch (cause) {
    signal?.throwIfAborted();
    throw cause instanceof ResidenceListError ? cause : unreachable('there was no whole answer', { cause });
  }
}

/**
 * Returns the address of the list, ending with a slash, so that file names can be appended.
 * @throws ResidenceListError `ERR_RESIDENCE_LIST_ADDRESS`. Its message leaves out the address, which may contain a password.
 */
export function listAddress(files: string | URL): URL {
  let url: URL;
  try {
    url = new URL(files);
  } catch {
    throw refusedAddress('it is not a URL');
  }
  const isLocal = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)) throw refusedAddress('it is not https');
  if (url.username !== '' || url.password !== '') throw refusedAddress('it has a user name or a password');
  if (url.search !== '' || url.hash !== '') throw refusedAddress('it has a query or a fragment');
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

async function readUpTo(response: Response, maxBytes: number): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) break;
    length += value.length;
    if (length > maxBytes) {
      // Not awaited, because the server may never stop sending.
      reader?.cancel().catch(() => undefined);
      throw unreachable('the answer is too long');
    }
    parts.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function unreachable(why: string, options?: ErrorOptions): ResidenceListError {
  return new ResidenceListError(
    'ERR_RESIDENCE_LIST_UNREACHABLE',
    `the registrar’s list cannot be fetched: ${why}`,
    options,
  );
}

function refusedAddress(why: string): ResidenceListError {
  return new ResidenceListError('ERR_RESIDENCE_LIST_ADDRESS', `the address of the registrar’s list is refused: ${why}`);
}
