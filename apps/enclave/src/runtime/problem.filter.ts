import {
  PROBLEM_MEDIA_TYPE,
  ProtocolError,
  problemDocument,
  type ProblemCode,
  type ProblemDocument,
} from '@communique-tee/protocol';
import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Log } from './log';
import { LOG } from './tokens';
import { ProblemError } from './problem-error';

/** Turns every thrown error into a problem document with a stable code. No detail of an unexpected error leaves the enclave. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOG) private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const problem = toProblem(error);
    if (problem.status >= 500)
      this.log.write('error', 'request_failed', {
        code: problem.code,
        step: error instanceof Error ? error.name : 'unknown',
      });
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (problem.retryAfterSeconds !== undefined) void reply.header('retry-after', String(problem.retryAfterSeconds));
    void reply.status(problem.status).header('content-type', PROBLEM_MEDIA_TYPE).send(problem);
  }
}

const BY_STATUS: Record<number, ProblemCode> = {
  400: 'malformed_body',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'body_too_large',
  415: 'unsupported_media_type',
};

function toProblem(error: unknown): ProblemDocument {
  if (error instanceof ProblemError) return problemDocument(error.code, error.more);
  if (error instanceof ProtocolError) return problemDocument(error.code, { detail: error.message });
  const status = error instanceof HttpException ? error.getStatus() : statusOf(error);
  return problemDocument(BY_STATUS[status] ?? 'internal_error');
}

/** Fastify's own errors (body too large, wrong content type) carry a statusCode. */
function statusOf(error: unknown): number {
  const status: unknown =
    typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' ? status : 500;
}
