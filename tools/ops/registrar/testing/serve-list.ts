import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** Matches the paths of a registrar's static files: the note, and the files of a root. */
const PATH = /^\/(root\.note|[0-9a-f]{64}\/(subtrees|leaves\/[0-9]{1,4}))$/;

export interface ListHost {
  /** The folder's address, with a slash at the end. */
  readonly url: string;
  /** The requests so far. */
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  stop(): Promise<void>;
}

/** Serves only a registrar's static files, on 127.0.0.1, as the operator's storage does: read-only, and readable from every origin. */
export async function serveList(folder: string, port = 0): Promise<ListHost> {
  const requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push({ path, headers: request.headers });
    const known = request.method === 'GET' && PATH.test(path);
    void (known ? readFile(join(folder, path)).catch(() => null) : Promise.resolve(null)).then((file) => {
      response.writeHead(file === null ? 404 : 200, {
        'access-control-allow-origin': '*',
        'content-type': 'application/octet-stream',
      });
      response.end(file ?? undefined);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
