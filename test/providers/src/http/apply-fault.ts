import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGzip } from 'node:zlib';
import type { ErrorClass, ErrorDetails, HttpAnswer } from '../dialects/dialect';
import type { Fault } from '../faults/fault';
import { send, sendText } from './send';

export interface FaultedExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Returns the answer that the provider would give. `bill`: whether the account pays for it (default true). */
  readonly answered: (bill?: boolean) => HttpAnswer;
  readonly failedIn200: () => unknown;
  readonly error: (errorClass: ErrorClass, details: ErrorDetails) => HttpAnswer;
  /** Resolves when held answers are released or the caller has left. */
  readonly released: () => Promise<void>;
  readonly pause: (delayMs: number) => Promise<void>;
}

/**
 * Carries out a fault. The account is billed for every fault except `error`, `html`, `raw`, `redirect` and `cut` with `before_reading`.
 */
export async function applyFault(fault: Exclude<Fault, { kind: 'answer' }>, exchange: FaultedExchange): Promise<void> {
  const { request, response, answered } = exchange;
  const json = { 'content-type': 'application/json; charset=utf-8' };
  switch (fault.kind) {
    case 'error':
      return send(response, exchange.error(fault.class, fault));
    case 'failed_in_200':
      answered();
      return send(response, { status: 200, headers: {}, body: exchange.failedIn200() });
    case 'html':
      return sendText(response, fault.status, { 'content-type': 'text/html; charset=utf-8' }, page(fault.bytes));
    case 'raw':
      return sendText(response, fault.status, fault.headers, fault.body);
    case 'malformed': {
      const text = JSON.stringify(answered().body);
      return sendText(response, 200, json, text.slice(0, text.length / 2));
    }
    case 'gzip': {
      answered();
      const gzip = createGzip({ level: 9 });
      response.writeHead(200, { ...json, 'content-encoding': 'gzip' });
      gzip.pipe(response);
      await pour(
        (chunk) => gzip.write(chunk),
        () => once(gzip, 'drain'),
        fault.unpackedBytes,
        response,
      );
      gzip.end();
      return;
    }
    case 'huge':
      answered();
      response.writeHead(200, json);
      response.write('{"output":"');
      await pour(
        (chunk) => response.write(chunk),
        () => once(response, 'drain'),
        fault.bytes,
        response,
      );
      response.end('"}');
      return;
    case 'slow':
      await exchange.pause(fault.delayMs);
      return send(response, answered());
    case 'held':
      await exchange.released();
      return send(response, answered());
    case 'stalled':
      answered();
      response.writeHead(200, { ...json, 'content-length': '5000' });
      response.write('{');
      return;
    case 'silent':
      answered();
      return;
    case 'cut':
      if (fault.at === 'in_the_head') {
        answered();
        return void request.socket.write('HTTP/1.1 20', () => request.socket.destroy());
      }
      if (fault.at === 'in_the_body') {
        const text = JSON.stringify(answered().body);
        response.writeHead(200, { ...json, 'content-length': String(Buffer.byteLength(text)) });
        return void response.write(text.slice(0, text.length / 2), () => request.socket.destroy());
      }
      if (fault.at === 'after_reading') answered();
      return void request.socket.destroy();
    case 'garbage':
      answered();
      request.socket.end('\u0000\u0001 this is not HTTP\r\n\r\n');
      return;
    case 'redirect':
      return sendText(response, 307, { location: fault.location }, '');
    case 'twice': {
      const text = JSON.stringify(answered().body);
      if (fault.as === 'documents') return sendText(response, 200, json, text + text);
      const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`;
      request.socket.end((head + text).repeat(2));
    }
  }
}

/** Writes the character `0` until this many bytes are written or the caller has left. */
async function pour(
  write: (chunk: Buffer) => boolean,
  drained: () => Promise<unknown>,
  bytes: number,
  response: ServerResponse,
): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024, '0');
  const gone = new Promise<void>((resolve) => response.once('close', () => resolve()));
  for (let sent = 0; sent < bytes && !response.destroyed; sent += chunk.length) {
    if (!write(chunk.subarray(0, Math.min(chunk.length, bytes - sent)))) await Promise.race([drained(), gone]);
  }
}

function page(bytes: number): string {
  const [head, foot] = ['<!doctype html><html><body><h1>Bad gateway</h1><p>', '</p></body></html>'];
  return head + 'x'.repeat(Math.max(0, bytes - head.length - foot.length)) + foot;
}
