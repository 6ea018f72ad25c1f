import { requestIdHeader } from '../../core/telemetry/request-context';
import { request as httpRequest, type Agent, type IncomingMessage } from 'node:http';

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly accept: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface ExchangeLimits {
  /** From the start of connecting to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export type Exchange =
  | { readonly kind: 'response'; readonly status: number; readonly contentType: string; readonly body: Uint8Array }
  /** An answer came that breaks HTTP or a limit. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'failed'; readonly sent: boolean; readonly code: string };

const MAX_HEADER_BYTES = 8192;

/** Makes one HTTP/1.1 request and reads its answer within limits; never throws, never retries. */
export function exchange(
  agent: Agent,
  { method, path, accept, contentType, headers, body }: ExchangeRequest,
  limits: ExchangeLimits,
): Promise<Exchange> {
  const { timeoutMs, maxBodyBytes, signal } = limits;
  if (signal?.aborted) return Promise.resolve({ kind: 'failed', sent: false, code: 'ABORT_ERR' });
  return new Promise((resolve) => {
    // Node emits `socket` when the request gets a connected socket, before it writes a byte. From then on the enclave may have read bytes,
    // even if a kept connection turns out to be dead.
    let sent = false;
    const request = httpRequest({
      agent,
      method,
      path,
      host: 'enclave',
      maxHeaderSize: MAX_HEADER_BYTES,
      headers: {
        ...headers,
        accept,
        ...requestIdHeader(),
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        ...(body === undefined ? {} : { 'content-length': body.length }),
      },
    });
    let finished = false;
    const finish = (result: Exchange) => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      if (result.kind !== 'response') request.destroy();
      resolve(result);
    };
    const fail = (code: string) => {
      finish(code.startsWith('HPE_') ? { kind: 'unreadable' } : { kind: 'failed', sent, code });
    };
    const onAbort = () => {
      fail('ABORT_ERR');
    };
    const timer = setTimeout(() => {
      fail('ETIMEDOUT');
    }, timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });

    request.on('socket', () => {
      sent = true;
    });
    request.on('error', (error) => {
      fail(codeOf(error));
    });
    // After a response has begun, its stream reports the end: the connection may close before the response is read.
    let responded = false;
    request.on('close', () => {
      if (!responded) fail('ECONNRESET');
    });
    request.on('response', (response) => {
      responded = true;
      collect(response, maxBodyBytes).then(
        (answer) => {
          finish(
            answer === undefined
              ? { kind: 'unreadable' }
              : { kind: 'response', status: response.statusCode ?? 0, contentType: mediaType(response), body: answer },
          );
        },
        (error: unknown) => {
          fail(codeOf(error));
        },
      );
    });
    request.end(body);
  });
}

/** Resolves to the whole body, or to undefined if it is larger than allowed. Rejects if the body is cut off. */
async function collect(response: IncomingMessage, maxBytes: number): Promise<Uint8Array | undefined> {
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) return undefined;
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > maxBytes) return undefined;
    parts.push(part);
  }
  // A plain Uint8Array over the same memory, because the decoders take no Buffer.
  const { buffer, byteOffset, byteLength } = Buffer.concat(parts, length);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function mediaType(response: IncomingMessage): string {
  return (response.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Returns the error's code. It does not use instanceof, because an error may come from another realm. */
function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : 'EUNKNOWN';
}
