import { decodeJson } from '@communique-tee/protocol';

/** Why the server gave no usable answer. The catalogue has a sentence for each (`trust.noAnswer`). */
export type NoAnswerReason =
  | { readonly kind: 'no_connection' | 'broke_off' | 'too_large' | 'not_understood' }
  /** The server answered, but not with the expected content. `code`: of its problem document, if it sent one. */
  | { readonly kind: 'answered'; readonly status: number; readonly code?: string };

export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';

  constructor(
    readonly reason: NoAnswerReason,
    options?: ErrorOptions,
  ) {
    super(reason.kind, options);
  }
}

export interface Asking {
  readonly accept?: string;
  /** A bearer token. */
  readonly token?: string;
  readonly maxBytes: number;
  readonly timeoutMs?: number;
}

/**
 * Sends a GET request to the page's own server, without cookies, cache or redirects.
 * @returns the body of any answer except a problem document
 * @throws NoAnswer
 */
export async function askServer(
  path: string,
  { accept = 'application/json', token, maxBytes, timeoutMs = 15_000 }: Asking,
): Promise<{ readonly status: number; readonly body: Uint8Array }> {
  let response: Response;
  try {
    response = await fetch(path, {
      headers: { accept, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    throw new NoAnswer({ kind: 'no_connection' }, { cause });
  }
  const { status } = response;
  const body = await readBounded(response, maxBytes);
  if (/^application\/problem\+json\b/i.test(response.headers.get('content-type') ?? '')) {
    const code = codeIn(body);
    throw new NoAnswer({ kind: 'answered', status, ...(code !== undefined && { code }) });
  }
  return { status, body };
}

/** Asks the page's own server for JSON. @param statuses the HTTP statuses that the answer may have @throws NoAnswer */
export async function askForJson(
  path: string,
  asking: Asking,
  statuses: readonly number[] = [200],
): Promise<{ readonly status: number; readonly json: unknown }> {
  const { status, body } = await askServer(path, asking);
  if (!statuses.includes(status)) throw new NoAnswer({ kind: 'answered', status });
  try {
    return { status, json: decodeJson(body) };
  } catch (cause) {
    throw new NoAnswer({ kind: 'not_understood' }, { cause });
  }
}

function codeIn(body: Uint8Array): string | undefined {
  try {
    const problem: unknown = decodeJson(body);
    const code = typeof problem === 'object' && problem !== null && 'code' in problem ? problem.code : undefined;
    return typeof code === 'string' && /^[a-z_]{1,60}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** Reads at most `maxBytes`, so that a server cannot send without end. */
async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  try {
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      length += part.value.length;
      if (length > maxBytes) throw new NoAnswer({ kind: 'too_large' });
      parts.push(part.value);
    }
  } catch (cause) {
    throw cause instanceof NoAnswer ? cause : new NoAnswer({ kind: 'broke_off' }, { cause });
  } finally {
    reader?.cancel().catch(() => undefined);
  }
  const whole = new Uint8Array(length);
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}
