import { PROBLEMS, ProtocolError, type ProblemCode } from '@communique-tee/protocol';
import { HttpException } from '@nestjs/common';
import { ProblemError } from './problem-error';

const BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  400: 'malformed_request',
  401: 'unauthenticated',
  // Only the library that serves /docs refuses with a bare 403, for malformed paths. Our own guards throw a ProblemError.
  403: 'not_found',
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  408: 'request_timeout',
  413: 'body_too_large',
  414: 'uri_too_long',
  415: 'unsupported_media_type',
  429: 'rate_limited',
  431: 'headers_too_large',
};

/** Turns any thrown value into a ProblemError. Messages of libraries are left out, because they may quote the input. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof ProtocolError) return new ProblemError(error.code, { detail: error.message, cause: error });
  const code = BY_STATUS[statusOf(error) ?? 500] ?? 'internal_error';
  return new ProblemError(code, { cause: error });
}

/** Nest's exceptions and Fastify's own errors carry an HTTP status; the status of any other error is ignored. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return undefined;
  return 'code' in error && typeof error.code === 'string' && error.code.startsWith('FST_')
    ? error.statusCode
    : undefined;
}

export function statusOfProblem(problem: ProblemError): number {
  return PROBLEMS[problem.code].status;
}
