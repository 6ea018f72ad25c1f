import type { ServerResponse } from 'node:http';
import type { HttpAnswer } from '../dialects/dialect';

/** Writes an answer as JSON. */
export function send(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  sendText(response, status, { 'content-type': 'application/json; charset=utf-8', ...headers }, JSON.stringify(body));
}

/** Writes an answer, unless one was written already. Closes the connection if the request was not read to its end. */
export function sendText(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
    ...(response.req.complete ? {} : { connection: 'close' }),
  });
  response.end(body);
}
