import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Logger } from '../../core/telemetry/logger';
import { wasRateLimited } from './entrance';
import { routeOf } from './server';
import { ProblemError } from '../../core/problems/problem-error';
import { problemOf, statusOfProblem } from '../../core/problems/problem-of';
import { RegisteredRoutes } from '../../core/routing/registered-routes';
import { sendProblem } from '../../core/problems/send-problem';

/** Answers every thrown value with a problem document. */
@Injectable()
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly routes: RegisteredRoutes,
    private readonly logger: Logger,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    let problem = wasCutOff(request, error) ? new ProblemError('request_timeout', { cause: error }) : problemOf(error);
    if (problem.code === 'not_found' && request.is404) {
      const allowed = this.routes.methodsOf(request.url);
      // Swagger UI's route `/docs/*` allows GET for every path below /docs, so a missing file stays a 404.
      if (allowed.length > 0 && !allowed.includes(request.method)) {
        problem = new ProblemError('method_not_allowed');
        void reply.header('allow', allowed.join(', '));
      }
    }
    const status = statusOfProblem(problem);
    const fields = { code: problem.code, status, method: request.method, route: routeOf(request) };
    // Only unexpected failures are logged as errors: a full cap or an unavailable database refuses many requests and must not alert an
    // operator each time.
    if (problem.code === 'internal_error')
      this.logger.error({ ...fields, err: problem.cause ?? error }, 'request failed');
    else if (status >= 500) this.logger.warn({ ...fields, err: problem.cause }, 'request refused');
    else if (!wasRateLimited(request)) this.logger.info(fields, 'request refused');
    if (!reply.sent) sendProblem(reply, problem, status);
  }
}

/**
 * Whether the connection ended before the body was complete: the client left, was too slow, or sent a bad chunk. This is not the gateway's
 * fault, and no answer reaches the client.
 */
function wasCutOff({ raw }: FastifyRequest, error: unknown): boolean {
  return (
    raw.destroyed &&
    !raw.complete &&
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ECONNRESET'
  );
}
