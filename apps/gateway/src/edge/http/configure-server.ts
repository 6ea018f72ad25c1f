import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { TOKEN_VERIFIER, type TokenVerifier } from '../../features/auth/token-verifier';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { RateLimits } from '../../features/limits/rate-limits';
import { Logger } from '../../core/telemetry/logger';
import { withRequestId } from '../../core/telemetry/request-context';
import { boundConnections } from './connections';
import { allowOrigins } from './cors';
import { guardEntrance, wasRateLimited } from './entrance';
import { DEFAULT_RETRY_AFTER_SECONDS, MAY_BE_HAD_LATER, ProblemError } from '../../core/problems/problem-error';
import { RawBody } from '../../core/routing/raw-body';
import { RegisteredRoutes } from '../../core/routing/registered-routes';
import { SECURITY_HEADERS } from '../../core/problems/security-headers';
import { BODY_LIMITS, refusalOfBody, refusalOfHead, takesBody } from './request-rules';
import { answeredEarly, PREFLIGHTS, routeOf } from './server';
import { ShutdownState } from '../../core/lifecycle/shutdown-state';

/** Adds hooks and body parsers; call it before the routes are registered. */
export function configureServer(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  const config = app.get<GatewayConfig>(GATEWAY_CONFIG);
  const logger = app.get(Logger);
  const routes = app.get(RegisteredRoutes);
  const shutdown = app.get(ShutdownState);

  // By default Node itself answers requests with an `Expect` header: 417, or `100 Continue` (RFC 9110 section 10.1.1). These listeners pass
  // such requests to the hooks below, which send `100 Continue` once the request is admitted.
  for (const event of ['checkExpectation', 'checkContinue'])
    server.server.on(event, (request, response) => {
      server.server.emit('request', request, response);
    });

  server.addHook('onRoute', (route) => {
    if (route.url !== PREFLIGHTS) routes.add(route.method, route.url, route.config?.communique);
  });

  server.addHook('onRequest', (request, reply, done) => {
    answeredEarly.delete(request.socket);
    void reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id });
    const refusal = refusalOfHead(request);
    if (shutdown.begun) {
      done(new ProblemError('shutting_down', { retryAfterSeconds: 5 }));
    } else if (refusal !== undefined) {
      void reply.header('connection', 'close');
      done(refusal);
    } else {
      withRequestId(request.id, done);
    }
  });
  if (config.http.corsOrigins.length > 0) allowOrigins(server, config.http.corsOrigins, routes);
  guardEntrance(server, app.get(RateLimits), app.get<TokenVerifier>(TOKEN_VERIFIER), config.residence.mode !== 'off');
  server.addHook('preParsing', (request, reply, _payload, done) => {
    const refusal = refusalOfBody(request);
    if (refusal === undefined && awaitsContinue(request)) reply.raw.writeContinue();
    done(refusal ?? null);
  });
  boundConnections(server.server, config.http);
  // Reading the body loses the asynchronous context that onRequest opened, so this hook opens it again.
  server.addHook('preValidation', (request, _reply, done) => {
    withRequestId(request.id, done);
  });

  server.addHook('onSend', (request, reply, _payload, done) => {
    // A kept-alive connection would prevent the server from closing.
    if (shutdown.draining) void reply.header('connection', 'close');
    if (MAY_BE_HAD_LATER.has(reply.statusCode) && !reply.hasHeader('retry-after'))
      void reply.header('retry-after', String(DEFAULT_RETRY_AFTER_SECONDS));
    // The answer is sent before the body has arrived. Bytes of the body that arrive later must not cause a second answer.
    if (!request.raw.complete) {
      answeredEarly.add(request.socket);
      // The client may now send the body or another request, and the server cannot tell which.
      if (awaitsContinue(request)) void reply.header('connection', 'close');
    }
    done();
  });

  server.addHook('onResponse', (request, reply, done) => {
    if (!wasRateLimited(request))
      logger.info(
        {
          requestId: request.id,
          method: request.method,
          route: routeOf(request),
          status: reply.statusCode,
          durationMs: Math.round(reply.elapsedTime * 10) / 10,
        },
        'request answered',
      );
    done();
  });

  server.removeAllContentTypeParsers();
  for (const mediaType of ['application/json', 'application/cbor'] as const)
    server.addContentTypeParser(
      mediaType,
      { parseAs: 'buffer', bodyLimit: BODY_LIMITS[mediaType] },
      (_request: FastifyRequest, body: Buffer, done) => {
        done(null, new RawBody(mediaType, body));
      },
    );
}

/** RFC 9110 section 10.1.1: the client sends the body only after `100 Continue`. */
function awaitsContinue({ method, headers }: FastifyRequest): boolean {
  return takesBody(method) && headers.expect?.toLowerCase() === '100-continue';
}
