import type { ServerResponse } from 'node:http';

/** Sends the answer, unless one was sent already. Closes the connection afterwards, unless `headers` set another `connection`. */
export function answer(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-type': type,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
    ...headers,
  });
  response.end(body);
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function errorsXml(errors: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Errors>${errors.map((error) => `<Error>${escapeXml(error)}</Error>`).join('')}</Errors>\n`;
}
