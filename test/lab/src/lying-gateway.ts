import { connect, type Client } from '@communique-tee/client';
import { developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GatewayRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly body: Uint8Array;
}

/** An answer: bytes, or an object that is sent as JSON. */
export type GatewayAnswer = Uint8Array | object;

export interface LyingGateway {
  /** Connects the client library to this gateway. The library first verifies an enclave through it. */
  client(): Promise<Client>;
  close(): Promise<void>;
}

/** Starts a gateway that answers every request with what `answer` returns, with status 202 for a POST and otherwise 200. */
export async function startLyingGateway(
  rootFolder: string,
  answer: (request: GatewayRequest) => Promise<GatewayAnswer>,
): Promise<LyingGateway> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = new Uint8Array(Buffer.concat((await request.toArray()) as Buffer[]));
      const answered = await answer({ method: request.method ?? 'GET', target: request.url ?? '/', body });
      response.writeHead(request.method === 'POST' ? 202 : 200, { 'content-type': 'application/json' });
      response.end(answered instanceof Uint8Array ? answered : JSON.stringify(answered));
    })().catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    client: async () =>
      connect(
        url,
        {
          acceptedMeasurements: [developmentMeasurements],
          unsafeDevelopmentRootPem: await developmentRootPem(rootFolder),
        },
        { token: () => 'a.token' },
      ),
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}
