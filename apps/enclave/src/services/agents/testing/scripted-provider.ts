import { testAuthority } from '@communique-tee/congress-simulator';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** A request as the provider received it. */
export interface SeenRequest {
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Length of the received body. */
  readonly bytes: number;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

/** How the server answers: with JSON, or by a function of the test that gets the raw socket. */
export type Act =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly json: unknown }
  | { readonly raw: (socket: TLSSocket) => void };

/** An HTTPS server in place of any provider. Each test sets its answers. */
export interface ScriptedProvider {
  readonly origin: string;
  readonly port: number;
  readonly certificateAuthorities: string;
  readonly seen: SeenRequest[];
  act: (request: SeenRequest) => Act | Promise<Act>;
  openConnections(): number;
  close(): Promise<void>;
}

export async function startScriptedProvider(): Promise<ScriptedProvider> {
  const authority = await testAuthority();
  const { certificatePem: cert, privateKeyPem: key } = await authority.issue({ names: ['localhost'] });
  const sockets = new Set<TLSSocket>();
  const server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const seen: SeenRequest = {
        target: request.url ?? '',
        headers: request.headers,
        bytes: body.length,
        body: JSON.parse(body.toString()) as Record<string, unknown>,
        text: body.toString(),
      };
      provider.seen.push(seen);
      void Promise.resolve(provider.act(seen)).then((act) => {
        if ('raw' in act) return act.raw(request.socket as TLSSocket);
        response.writeHead(act.status ?? 200, { 'content-type': 'application/json', ...act.headers });
        response.end(JSON.stringify(act.json));
      });
    });
  });
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const provider: ScriptedProvider = {
    origin: `https://localhost:${String(port)}`,
    port,
    certificateAuthorities: authority.certificatePem,
    seen: [],
    act: () => ({ status: 500, json: {} }),
    openConnections: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
  return provider;
}
