import { decodeJson } from '@communique-tee/protocol';
import { ClientError } from './errors';

const MAX_ANSWER_BYTES = 512 * 1024;
const MAX_RETRY_AFTER_SECONDS = 7 * 24 * 3600;

/** The errors of fetch for a missing or incomplete answer. Other errors are faults of this code. */
const networkErrors = new WeakSet<object>();

export function isNetworkError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && networkErrors.has(error);
}

/**
 * Sends a request and returns the whole body of its answer, within `timeoutMs`.
 * @throws ClientError `refused` with the gateway's own code for anything but 2xx, `answer_invalid` for more than 512 KiB; what fetch throws
 */
export async function request(url: URL, init: RequestInit, timeoutMs: number): Promise<Uint8Array> {
  const response = await open(url, init, timeoutMs);
  if (!response.ok) throw await refusalOf(response);
  return readBounded(response);
}

/** Returns the refusal in an answer. The status counts even if the body breaks off or is too large. */
export async function refusalOf(response: Response): Promise<ClientError> {
  return refusal(response, await readBounded(response).catch(() => new Uint8Array()));
}

/**
 * Returns the answer before its body is read. `timeoutMs` also limits the reading of the body; 0 sets no limit. Redirects are refused,
 * because they could send the token to another server.
 */
export async function open(url: URL, init: RequestInit, timeoutMs: number): Promise<Response> {
  checkNoCredentials(url);
  const signals = [init.signal ?? [], timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : []].flat();
  const request = requestOf(url, {
    ...init,
    redirect: 'error',
    cache: 'no-store',
    credentials: 'omit',
    signal: AbortSignal.any(signals),
  });
  try {
    return await fetch(request);
  } catch (error) {
    throw remembered(error);
  }
}

/** fetch also refuses an address with a password, but its error quotes the password and looks like a network error. @throws ClientError */
export function checkNoCredentials(url: URL): void {
  if (url.username !== '' || url.password !== '')
    throw new ClientError('policy_invalid', 'the gateway’s address must not have a user name or a password');
}

/** Builds the request apart from `fetch`: a request that cannot be built is not a network error, and a retry does not help. */
function requestOf(url: URL, init: RequestInit): Request {
  try {
    return new Request(url, init);
  } catch {
    // The cause is left out: it quotes the header, which may be the token.
    throw new ClientError('policy_invalid', 'the request cannot be made: the token or another header cannot be sent');
  }
}

/** Returns the whole body. Stops reading at the limit, because a hostile gateway may send without end. */
export async function readBounded(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of chunksOf(response)) {
    length += part.length;
    if (length > MAX_ANSWER_BYTES) throw new ClientError('answer_invalid', 'the answer is too large');
    parts.push(part);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Yields the body piece by piece. When the reader stops, the transfer is canceled. */
export async function* chunksOf(response: Response): AsyncGenerator<Uint8Array, void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw remembered(error);
  } finally {
    // Not awaited: a broken connection may never answer.
    reader.cancel().catch(() => undefined);
  }
}

export function readJson(body: Uint8Array): unknown {
  try {
    return decodeJson(body);
  } catch (cause) {
    throw new ClientError('answer_invalid', 'the answer is not JSON', { cause });
  }
}

/** Returns an error with the status, and the gateway's own code if the body has one. */
export function refusal(response: Response, body: Uint8Array): ClientError {
  let code: unknown;
  try {
    const document = readJson(body);
    code = typeof document === 'object' && document !== null && 'code' in document ? document.code : undefined;
  } catch {
    code = undefined;
  }
  const retryAfterSeconds = readRetryAfter(response.headers.get('retry-after'));
  return new ClientError(
    'refused',
    `the gateway answered ${String(response.status)}${isCode(code) ? ` ${code}` : ''}`,
    {
      status: response.status,
      ...(isCode(code) && { problem: code }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    },
  );
}

/** Whether the value has the form of a problem's code. A newer gateway may have codes that this library does not know. */
function isCode(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 60 && /^[a-z]+(?:_[a-z]+)*$/.test(value);
}

/** Reads seconds, as the gateway writes them. A date, which a proxy may send, is ignored. */
function readRetryAfter(header: string | null): number | undefined {
  return header !== null && /^[0-9]{1,9}$/.test(header) ? Math.min(Number(header), MAX_RETRY_AFTER_SECONDS) : undefined;
}

function remembered(error: unknown): unknown {
  if (typeof error === 'object' && error !== null && !(error instanceof ClientError)) networkErrors.add(error);
  return error;
}

export function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
