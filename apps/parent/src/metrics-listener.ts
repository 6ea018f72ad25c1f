import { type Address, listen } from '@communique-tee/vsock';
import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';

const TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 16;

export interface MetricsListener {
  readonly address: Address;
  close(): void;
}

/** Serves `GET /metrics` for Prometheus. @throws SocketError if it cannot listen */
export async function startMetricsListener(address: Address, registry: Registry): Promise<MetricsListener> {
  const server: Server = createServer(
    { requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS },
    (request, response) => {
      if (request.url?.split('?', 1)[0] !== '/metrics') {
        response.writeHead(404).end();
      } else if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405, { allow: 'GET, HEAD' }).end();
      } else {
        registry.metrics().then(
          (body) =>
            response.writeHead(200, { 'content-type': registry.contentType, 'cache-control': 'no-store' }).end(body),
          () => response.writeHead(500).end(),
        );
      }
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  const bound = await listen(server, address, { unixMode: 0o660 });
  server.unref();
  return {
    address: bound,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The known codes with which connections fail. Every other code counts as `other`, so that a metric has a fixed number of series. */
const CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EPIPE',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EACCES',
  'EPERM',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
]);

export function codeLabel(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && CODES.has(code) ? code : 'other';
}
