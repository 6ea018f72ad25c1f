import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Returns a simulator's request listener. If the handler fails, it answers 500 without a body. */
export function guarded(handle: Handler): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    handle(request, response).catch(() => {
      if (response.headersSent || response.destroyed) return void response.destroy();
      response.writeHead(500, { connection: 'close' }).end();
    });
  };
}

/**
 * Listens on 127.0.0.1 and returns the port. Port 0 selects a free one.
 * @throws the error that `failed` returns
 */
export function listenOnLoopback(server: Server, port: number, failed: (cause: Error) => Error): Promise<number> {
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(failed(cause)));
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Stops a server and cuts its connections. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Returns the whole body. If it is larger than `maxBytes`, returns null and does not read the rest. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Waits until the time is over or the other side closes the connection. */
export function pauseUnlessClosed(delayMs: number, request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      request.socket.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    request.socket.once('close', done);
  });
}
