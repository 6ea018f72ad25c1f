const TIMEOUT_MS = 10_000;

export type Asked =
  | { readonly ok: true; readonly body: unknown; readonly status: number }
  | { readonly ok: false; readonly why: string; readonly status: number | null };

/** JSON of this server. A 503 of the health check is an answer too. */
export async function ask(path: string, token?: string): Promise<Asked> {
  let response: Response;
  try {
    const headers = { accept: 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    response = await fetch(path, {
      headers,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body: unknown = await response.json();
    const code =
      typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string'
        ? body.code
        : undefined;
    if (code === undefined) return { ok: true, body, status: response.status };
    return {
      ok: false,
      why: WORDS[code] ?? `The server said ${String(response.status)} ${code.slice(0, 60)}.`,
      status: response.status,
    };
  } catch {
    return { ok: false, why: 'The server cannot be reached.', status: null };
  }
}

const WORDS: Readonly<Record<string, string>> = {
  unauthenticated: 'The server does not take this token.',
  forbidden: 'This token does not hold the scope of administration.',
  rate_limited: 'Too many requests. The next look comes by itself.',
};
