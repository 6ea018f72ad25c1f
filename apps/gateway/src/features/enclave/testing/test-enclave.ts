import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { listen, type Address } from '@communique-tee/vsock';
import {
  CONNECTION_ENDS,
  ENCLAVE_DESTINATIONS,
  PROBLEM_MEDIA_TYPE,
  problemDocument,
  type ConnectionEnd,
  type EnclaveDestination,
  type EnclaveHealth,
  type ProblemCode,
} from '@communique-tee/protocol';

export interface TestRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers?: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** Handles one request, correctly or not. */
export type Behaviour = (request: TestRequest, response: ServerResponse) => void | Promise<void>;

/** Listens where the gateway expects the enclave, and records each request. */
export class TestEnclave {
  readonly requests: TestRequest[] = [];
  private server: Server | undefined;

  constructor(
    readonly address: Address,
    public behaviour: Behaviour,
  ) {}

  async start(): Promise<void> {
    const server = createServer((request, response) => void this.handle(request, response));
    server.on('clientError', (_error, socket) => socket.destroy());
    await listen(server, this.address);
    this.server = server;
  }

  async stop(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
    } catch {
      return; // the client has left
    }
    const url = new URL(request.url ?? '/', 'http://enclave');
    const seen: TestRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: new Uint8Array(Buffer.concat(chunks)),
    };
    this.requests.push(seen);
    await this.behaviour(seen, response);
  }
}

export function answer(response: ServerResponse, status: number, contentType: string, body: Uint8Array | string): void {
  response.writeHead(status, { 'content-type': contentType }).end(body);
}

/** A healthy enclave's answer to `GET /health`, with these changes. */
export function enclaveHealth(changes: Partial<EnclaveHealth> = {}): EnclaveHealth {
  return {
    healthy: true,
    reasons: [],
    enclaveId: 'enclave-of-a-test',
    timestamp: new Date().toISOString(),
    clockDriftMs: 0,
    connections: { totals: connectionTotals(), certificatesRefused: [] },
    ...changes,
  };
}

/** Connection totals that are zero except for the given ones. */
export function connectionTotals(
  counts: Partial<Record<EnclaveDestination, Partial<Record<ConnectionEnd, number>>>> = {},
): EnclaveHealth['connections']['totals'] {
  const totals = ENCLAVE_DESTINATIONS.map((destination) => [
    destination,
    Object.fromEntries(CONNECTION_ENDS.map((end) => [end, counts[destination]?.[end] ?? 0])),
  ]);
  return Object.fromEntries(totals) as EnclaveHealth['connections']['totals'];
}

export const problem =
  (code: ProblemCode, retryAfterSeconds?: number): Behaviour =>
  (_request, response) => {
    const document = problemDocument(code, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
    answer(response, document.status, PROBLEM_MEDIA_TYPE, JSON.stringify(document));
  };

/** Closes the connection without an answer, so that the client does not know the outcome. */
export const cut: Behaviour = (_request, response) => {
  response.socket?.destroy();
};

/** Never answers. */
export const silent: Behaviour = () => undefined;
