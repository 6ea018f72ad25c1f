import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { GATEWAY_KEEP_ALIVE_SECONDS } from '@communique-tee/gateway-environment';
import { LIMITS, PROBLEMS, type ProblemCode } from '@communique-tee/protocol';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../../core/config/gateway-config';
import { ProblemError } from '../../core/problems/problem-error';
import { problemOf, statusOfProblem } from '../../core/problems/problem-of';
import { SECURITY_HEADERS } from '../../core/problems/security-headers';
import { problemHeaders, problemText, sendProblem } from '../../core/problems/send-problem';
import { MAX_ADDRESS_BYTES, MAX_HEADER_BYTES } from './request-rules';

/** Twice the limit on headers, so that request-rules.ts can tell whether the address or the headers are too large. */
const MAX_PARSED_BYTES = 2 * MAX_HEADER_BYTES;
const HEADERS_TIMEOUT_MS = 10_000;
const MAX_PARAMETER_CHARACTERS = 200;

/** Limits everything that a client can make slow or large. */
export function createHttpAdapter(config: GatewayConfig): FastifyAdapter {
  const { requestTimeoutMs, trustedProxies } = config.http;
  return new FastifyAdapter({
    logger: false,
    // Ignore request ids from clients, which could be any text.
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    bodyLimit: LIMITS.maxEnvelopeJsonBytes,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: GATEWAY_KEEP_ALIVE_SECONDS * 1000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: true,
    http: {
      maxHeaderSize: MAX_PARSED_BYTES,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
      connectionsCheckingInterval: 1000,
      requireHostHeader: false,
    },
    routerOptions: { maxParamLength: MAX_PARAMETER_CHARACTERS },
    onProtoPoisoning: 'error',
    frameworkErrors: refuseUnrouted,
    clientErrorHandler,
  });
}

/** An event of the HTTP server: it has answered a request that no hook saw. Listeners are of the type UnroutedListener. */
export const UNROUTED = 'communique:unrouted';
export type UnroutedListener = (answered: {
  readonly method: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly seconds: number;
}) => void;

/**
 * Answers a malformed address (400) or a parameter that is too long (414). The router refuses such a request before any hook runs, so no
 * rate limit counts it. Closes the connection instead.
 */
function refuseUnrouted(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error);
  const status = statusOfProblem(problem);
  if (!request.raw.complete) answeredEarly.add(request.socket);
  void reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id, connection: 'close' });
  sendProblem(reply, problem, status);
  request.server.server.emit(UNROUTED, {
    method: request.method,
    status,
    code: problem.code,
    seconds: reply.elapsedTime / 1000,
  } satisfies Parameters<UnroutedListener>[0]);
}

/** Connections whose last request was answered before its body had arrived. */
export const answeredEarly = new WeakSet<Socket>();

/** `rawPacket`: the chunk of bytes in which the parser stopped. It often contains the whole head. */
type ParserError = Error & { code?: string; rawPacket?: unknown };

function codeOf({ code, rawPacket }: ParserError): ProblemCode {
  const head = Buffer.isBuffer(rawPacket) ? rawPacket.toString('latin1') : '';
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request_timeout';
    case 'HPE_HEADER_OVERFLOW':
      return /^[A-Z]+ /.test(head) && head.slice(0, MAX_ADDRESS_BYTES).search(/[\r\n]/) < 0
        ? 'uri_too_long'
        : 'headers_too_large';
    case 'HPE_INVALID_TRANSFER_ENCODING':
      // An unknown coding is unsupported (RFC 9112 section 6.1); any coding after `chunked` is malformed (section 6.3).
      return /^transfer-encoding:(?!.*chunked)/im.test(head) ? 'transfer_coding_unsupported' : 'malformed_request';
    default:
      return 'malformed_request';
  }
}

/**
 * Answers a request that Node's HTTP parser refuses, on the raw socket, and closes the socket. Hooks and filters never see such a request.
 */
export function clientErrorHandler(error: ParserError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || answeredEarly.has(socket)) {
    socket.destroy();
    return;
  }
  const problem = new ProblemError(codeOf(error));
  const { status } = PROBLEMS[problem.code];
  const body = problemText(problem);
  const headers = {
    ...SECURITY_HEADERS,
    ...problemHeaders(problem),
    'x-request-id': randomUUID(),
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const head = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  socket.end(`HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}\r\n${head}\r\n${body}`);
}

/** The pattern of the route that matched; undefined if none did, or only the route of preflights (cors.ts). */
export function routeOf(request: FastifyRequest): string | undefined {
  const { url } = request.routeOptions;
  return request.is404 || url === PREFLIGHTS ? undefined : url;
}

/** The route that @fastify/cors adds for OPTIONS. */
export const PREFLIGHTS = '*';
