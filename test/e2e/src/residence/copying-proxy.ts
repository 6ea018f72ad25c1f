import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** One request as a reverse proxy has it in its access log and its memory. */
export interface Passed {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface CopyingProxy extends AsyncDisposable {
  readonly url: string;
  readonly passed: readonly Passed[];
}

/** A reverse proxy between client and gateway: it reads everything, and `before` runs with each request before it is passed on. */
export async function startCopyingProxy(
  gateway: string,
  before: (request: Passed) => Promise<unknown> = () => Promise.resolve(),
): Promise<CopyingProxy> {
  const passed: Passed[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { method = 'GET', url: target = '/', headers } = request;
      const copy = { method, target, headers, body: await buffer(request) };
      passed.push(copy);
      await before(copy);
      const { host: _host, connection: _connection, 'content-length': _length, ...kept } = headers;
      const answer = await fetch(new URL(target, gateway), {
        method,
        headers: kept as Record<string, string>,
        ...(copy.body.length > 0 && { body: new Uint8Array(copy.body) }),
      });
      const {
        'content-encoding': _encoding,
        'transfer-encoding': _transfer,
        ...answered
      } = Object.fromEntries(answer.headers);
      response.writeHead(answer.status, answered).end(Buffer.from(await answer.arrayBuffer()));
    })().catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    passed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
