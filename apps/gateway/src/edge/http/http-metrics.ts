import type { ProblemCode } from '@communique-tee/protocol';
import { Injectable } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { notedProblem } from '../../core/problems/answered-problem';
import { Metrics, OTHER } from '../../core/telemetry/metrics';
import { routeOf, UNROUTED, type UnroutedListener } from './server';

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Label of requests that match no route. */
const UNMATCHED = 'unmatched';

@Injectable()
export class HttpMetrics {
  private readonly requests;
  private readonly requestSeconds;
  private readonly problems;
  private readonly unparsed;

  constructor(metrics: Metrics) {
    this.requests = metrics.counter('communique_http_requests_total', 'Requests answered.', [
      'method',
      'route',
      'status',
    ]);
    this.requestSeconds = metrics.histogram(
      'communique_http_request_duration_seconds',
      'Seconds from the first byte of a request to the last byte of its answer.',
      ['method', 'route'],
      REQUEST_SECONDS,
    );
    this.problems = metrics.counter('communique_http_problems_total', 'Problem documents answered.', ['code']);
    this.unparsed = metrics.counter(
      'communique_http_unparsed_total',
      'Requests that could not be parsed, and connections that failed or ended before a whole request came.',
    );
  }

  /** Counts every answer, by the template of its route. Call it before the routes are registered. */
  observe(app: NestFastifyApplication): void {
    const server = app.getHttpAdapter().getInstance();
    server.addHook('onResponse', (request, reply, done) => {
      const streamed = String(reply.getHeader('content-type')).startsWith('text/event-stream');
      this.answered(
        request.method,
        routeOf(request),
        reply.statusCode,
        streamed ? undefined : reply.elapsedTime / 1000,
        notedProblem(reply.raw),
      );
      done();
    });
    const unrouted: UnroutedListener = ({ method, status, code, seconds }) => {
      this.answered(method, undefined, status, seconds, code);
    };
    server.server.on(UNROUTED, unrouted);
    server.server.on('clientError', () => {
      this.unparsed.inc();
    });
  }

  /**
   * @param route the template of the route; undefined if none matched
   * @param seconds undefined for a stream, whose length the client decides
   */
  answered(
    method: string,
    route: string | undefined,
    status: number,
    seconds: number | undefined,
    problem?: ProblemCode,
  ): void {
    const labels = { method: METHODS.has(method) ? method : OTHER, route: route ?? UNMATCHED };
    const isStatus = Number.isInteger(status) && status >= 100 && status <= 599;
    this.requests.inc({ ...labels, status: isStatus ? String(status) : OTHER });
    if (seconds !== undefined) this.requestSeconds.observe(labels, seconds);
    if (problem !== undefined) this.problems.inc({ code: problem });
  }
}
