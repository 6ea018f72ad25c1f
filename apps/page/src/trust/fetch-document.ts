import { decodeJson, toHex } from '@communique-tee/protocol';

const NONCE_BYTES = 32;
const TIMEOUT_MS = 15_000;
/** More than any document has; a server that sends without end is not listened to. */
const MAX_BYTES = 20_000;

export interface Answer {
  /** 32 random bytes, used once. */
  readonly nonce: Uint8Array;
  readonly document: Uint8Array;
  readonly roundTripMs: number;
}

/** Why there is no document to look at. */
export class NoDocument extends Error {
  override readonly name = 'NoDocument';
}

/** @throws NoDocument */
export async function fetchDocument(): Promise<Answer> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const startedMs = performance.now();
  let response: Response;
  try {
    response = await ask(`/attestation?nonce=${toHex(nonce)}`, 'application/cose');
  } catch (cause) {
    throw new NoDocument('The server cannot be reached.', { cause });
  }
  if (!response.ok) throw new NoDocument(`The server gave no document (${await reasonOf(response)}).`);
  const document = await readBounded(response);
  return { nonce, document, roundTripMs: Math.round(performance.now() - startedMs) };
}

/** The public configuration with this SHA-256; undefined where the server gives none. */
export async function fetchConfiguration(sha256: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    const response = await ask(`/attestation/configuration?sha256=${toHex(sha256)}`, 'application/json');
    return response.ok ? await readBounded(response) : undefined;
  } catch {
    // Whatever went wrong, it was not given
    return undefined;
  }
}

function ask(path: string, accept: string): Promise<Response> {
  return fetch(path, {
    headers: { accept },
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}

async function reasonOf(response: Response): Promise<string> {
  try {
    const problem: unknown = decodeJson(await readBounded(response));
    const code = typeof problem === 'object' && problem !== null && 'code' in problem ? problem.code : undefined;
    if (typeof code === 'string' && /^[a-z_]{1,60}$/.test(code)) return `${String(response.status)} ${code}`;
  } catch {
    // The status says enough
  }
  return String(response.status);
}

async function readBounded(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  try {
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      length += part.value.length;
      if (length > MAX_BYTES) throw new NoDocument('The answer is too large to be a document.');
      parts.push(part.value);
    }
  } catch (cause) {
    throw cause instanceof NoDocument ? cause : new NoDocument('The answer broke off.', { cause });
  } finally {
    reader?.cancel().catch(() => undefined);
  }
  const whole = new Uint8Array(length);
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}
