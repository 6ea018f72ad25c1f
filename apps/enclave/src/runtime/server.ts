import { PROBLEMS, PROBLEM_MEDIA_TYPE, problemDocument, type ProblemCode } from '@communique-tee/protocol';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

const REQUEST_TIMEOUT_MS = 15_000;
/** Longer than the gateway keeps an idle connection, so that the gateway is the side that closes. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/** The limit for routes without a limit of their own; none of them takes a body. */
const DEFAULT_BODY_BYTES = 1024;

/**
 * Returns Fastify with limits on the sizes and times that the parent controls, and with problem documents for errors that never reach Nest.
 * @param bodyLimits bytes by route
 */
export function createServer(bodyLimits: ReadonlyMap<string, number>): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: DEFAULT_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (_error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      void reply
        .status(PROBLEMS.malformed_body.status)
        .header('content-type', PROBLEM_MEDIA_TYPE)
        .send(problemText('malformed_body'));
    },
    clientErrorHandler,
    // With compilers of our own, Fastify loads neither ajv nor fast-json-stringify
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });
  const fastify = adapter.getInstance();
  fastify.addHook('onRoute', (route) => {
    const limit = bodyLimits.get(route.url);
    if (limit !== undefined) route.bodyLimit = limit;
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/cbor', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  return adapter;
}

function noSchemas(): never {
  throw new Error('the enclave gives Fastify no schemas');
}

/**
 * Answers a request that Node's HTTP parser refused. Such a request never becomes a request object, so the answer goes to the raw socket,
 * which then closes.
 */
function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code: ProblemCode =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'headers_too_large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'request_timeout'
        : 'malformed_body';
  const { status } = PROBLEMS[code];
  const body = problemText(code);
  socket.end(
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\n` +
      `content-length: ${String(Buffer.byteLength(body))}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function problemText(code: ProblemCode): string {
  return JSON.stringify(problemDocument(code));
}
