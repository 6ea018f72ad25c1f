import { Failure, messageOf } from './failure';

export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly body: Uint8Array;
}

/** The whole answer within `timeoutMs`, of at most `maxBytes`. @throws Failure `unreachable` */
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
        throw new Failure(
          'unreachable',
          `the answer is longer than any that belongs there (${String(most)} bytes are read)`,
        );
      parts.push(part);
    }
  }
  return new Uint8Array(Buffer.concat(parts));
}
