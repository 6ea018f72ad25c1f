import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Tamper = (path: string, body: Buffer) => Buffer | undefined | Promise<Buffer>;

/** Forwards every request to a real gateway, and changes the answers. */
export interface TamperingGateway {
  readonly url: string;
  /** Returns the body to send in place of a 2xx answer's body; undefined cuts the connection. */
  tamper: Tamper;
  readonly requests: { readonly method: string; readonly path: string }[];
  stop(): Promise<void>;
}

export async function startTamperingGateway(target: string): Promise<TamperingGateway> {
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url: path = '/' } = request;
    gateway.requests.push({ method, path });
    const sent: Buffer[] = [];
    for await (const part of request) sent.push(part as Buffer);
    const headers = Object.fromEntries(
      ['authorization', 'content-type', 'idempotency-key'].flatMap((name) =>
        typeof request.headers[name] === 'string' ? [[name, request.headers[name]]] : [],
      ),
    );
    const accept = path.startsWith('/attestation') ? 'application/cose' : 'application/json';
    const answer = await fetch(new URL(path, target), {
      method,
      headers: { ...headers, accept },
      ...(sent.length > 0 && { body: new Uint8Array(Buffer.concat(sent)) }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    const tampered = answer.ok ? await gateway.tamper(path, body) : body;
    if (tampered === undefined) response.destroy();
    else
      response
        .writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' })
        .end(tampered);
  };
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const gateway: TamperingGateway = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    tamper: (_path, body) => body,
    requests: [],
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return gateway;
}
