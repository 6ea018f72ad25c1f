import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { routeOf, UNROUTED, type UnroutedListener } from './server';
import { notedProblem } from '../../core/problems/answered-problem';
import { Metrics } from '../../core/telemetry/metrics';

/** Counts every answer, by the template of its route. Before the routes are registered. */
export function observeRequests(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  const metrics = app.get(Metrics);
  server.addHook('onResponse', (request, reply, done) => {
    const streamed = String(reply.getHeader('content-type')).startsWith('text/event-stream');
    metrics.requestAnswered(
      request.method,
      routeOf(request),
      reply.statusCode,
      streamed ? undefined : reply.elapsedTime / 1000,
    );
    const problem = notedProblem(reply.raw);
    if (problem !== undefined) metrics.problemAnswered(problem);
    done();
  });
  const unrouted: UnroutedListener = ({ method, status, code, seconds }) => {
    metrics.requestAnswered(method, undefined, status, seconds);
    metrics.problemAnswered(code);
  };
  server.server.on(UNROUTED, unrouted);
  server.server.on('clientError', () => {
    metrics.connectionRefused();
  });
}
