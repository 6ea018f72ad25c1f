import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { routeOf } from '../../http/server';
import { notedProblem } from './answered-problem';
import { Metrics } from './metrics';

/** Counts every answer, by the template of its route. Before the routes are registered. */
export function observeRequests(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  const metrics = app.get(Metrics);
  server.addHook('onResponse', (request, reply, done) => {
    metrics.requestAnswered(request.method, routeOf(request), reply.statusCode, reply.elapsedTime / 1000);
    const problem = notedProblem(reply.raw);
    if (problem !== undefined) metrics.problemAnswered(problem);
    done();
  });
  server.server.on('clientError', () => { metrics.connectionRefused(); });
}
