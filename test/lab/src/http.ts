import { connect, type Address } from '@communique-tee/vsock';
import { request, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request of the parent to the enclave. */
export interface Ask {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The time from the start of connecting to the last byte of the answer. */
  readonly ms: number;
  /** The problem's code; null if the answer is not a problem document. */
  readonly code: string | null;
}

const TIMEOUT_MS = 60_000;

/** Sends one request over a new connection. Rejects if no answer comes. */
export async function ask(address: Address, { method, target, headers, body }: Ask): Promise<Reply> {
  const startedMs = performance.now();
  const socket = await connect(address, { timeoutMs: 5_000 });
  return new Promise((resolve, reject) => {
    const outgoing = request({
      createConnection: () => socket,
      method,
      path: target,
      headers: { host: 'enclave', connection: 'close', 'content-length': String(body.length), ...headers },
      timeout: TIMEOUT_MS,
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${String(TIMEOUT_MS / 1000)} s`)));
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      incoming.toArray().then((chunks: Buffer[]) => {
        const whole = Buffer.concat(chunks);
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: whole,
          ms: performance.now() - startedMs,
          code: codeOf(incoming.headers['content-type'], whole),
        });
      }, reject);
    });
    outgoing.end(body);
  });
}

/** Sends any bytes over a new connection. Returns the bytes that came back until the enclave closed the connection or `waitMs` passed. */
export async function sendRaw(address: Address, bytes: Uint8Array, waitMs = 2_000): Promise<Buffer> {
  const socket = await connect(address, { timeoutMs: 5_000 });
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
  });
  socket.write(bytes);
  await Promise.race([closed, sleep(waitMs, undefined, { ref: false })]);
  socket.destroy();
  return Buffer.concat(chunks);
}

function codeOf(type: string | undefined, body: Buffer): string | null {
  if (type?.startsWith('application/problem+json') !== true) return null;
  const { code } = JSON.parse(body.toString()) as { code?: unknown };
  return typeof code === 'string' ? code : null;
}
