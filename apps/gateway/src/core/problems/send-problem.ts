import { PROBLEM_MEDIA_TYPE, problemDocument } from '@communique-tee/protocol';
import type { FastifyReply } from 'fastify';
import { noteProblem } from './answered-problem';
import type { ProblemError } from './problem-error';

/** The problem as RFC 9457 JSON. */
export function problemText(problem: ProblemError): string {
  const { detail, errors, retryAfterSeconds, failure } = problem;
  return JSON.stringify(
    problemDocument(problem.code, {
      ...(detail === undefined ? {} : { detail }),
      ...(errors === undefined ? {} : { errors: [...errors] }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      ...failure,
    }),
  );
}

export function problemHeaders(problem: ProblemError): Record<string, string> {
  return {
    'content-type': PROBLEM_MEDIA_TYPE,
    ...(problem.retryAfterSeconds === undefined ? {} : { 'retry-after': String(problem.retryAfterSeconds) }),
    // RFC 6750 section 3
    ...(problem.code === 'unauthenticated' ? { 'www-authenticate': 'Bearer' } : {}),
    ...(problem.code === 'forbidden' ? { 'www-authenticate': 'Bearer error="insufficient_scope"' } : {}),
  };
}

/** Sends the problem as bytes, because Fastify would add a charset to text, and this media type has none. */
export function sendProblem(reply: FastifyReply, problem: ProblemError, status: number): void {
  noteProblem(reply.raw, problem.code);
  void reply
    .removeHeader('content-length')
    .code(status)
    .headers(problemHeaders(problem))
    .send(Buffer.from(problemText(problem)));
}
