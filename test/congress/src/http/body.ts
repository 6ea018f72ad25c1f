import type { IncomingMessage, ServerResponse } from 'node:http';

/** The whole body, or null when it is larger than `maxBytes` (the rest is not read). */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Answers once; a body that was not read to its end costs the connection. */
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
