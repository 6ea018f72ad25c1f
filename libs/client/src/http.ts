import { isProblemCode } from '@communique-tee/protocol';
import { ClientError } from './errors';

const MAX_ANSWER_BYTES = 512 * 1024;

/** Asks and reads the whole answer within `timeoutMs`; anything but 2xx is thrown with the gateway's own code. */
export async function request(url: URL, init: RequestInit, timeoutMs: number): Promise<Uint8Array> {
  const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  const body = await readBounded(response);
  if (!response.ok) throw refusal(response.status, body);
  return body;
}

/** Stops reading at the limit: the gateway may send without end. */
async function readBounded(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    length += read.value.length;
    if (length > MAX_ANSWER_BYTES) {
      await reader?.cancel();
      throw new ClientError('ERR_CLIENT_ANSWER', 'the answer is too large');
    }
    parts.push(read.value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new ClientError('ERR_CLIENT_ANSWER', 'the answer is not JSON', { cause });
  }
}

function refusal(status: number, body: Uint8Array): ClientError {
  let code: unknown;
  try {
    const document = readJson(body);
    code = typeof document === 'object' && document !== null && 'code' in document ? document.code : undefined;
  } catch {
    code = undefined;
  }
  return new ClientError('ERR_CLIENT_REFUSED', `the gateway answered ${String(status)}${isProblemCode(code) ? ` ${code}` : ''}`, {
    ...(isProblemCode(code) && { problem: code }),
  });
}
