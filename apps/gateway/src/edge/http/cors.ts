import type { FastifyInstance } from 'fastify';
import type { RegisteredRoutes } from '../../core/routing/registered-routes';

const REQUEST_HEADERS = 'authorization, content-type, idempotency-key';
const EXPOSED_HEADERS = 'location, ratelimit, ratelimit-policy, retry-after, x-request-id';
const PREFLIGHT_MAX_AGE_SECONDS = '600';

/**
 * Cross-origin reading for exactly the origins of the list (Fetch standard, "CORS protocol"); never with credentials: callers bring a
 * token. To other origins nothing is said, which browsers take for no.
 */
export function allowOrigins(server: FastifyInstance, origins: readonly string[], routes: RegisteredRoutes): void {
  if (origins.length === 0) return;
  const allowed = new Set(origins);

  server.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin)) {
      done();
      return;
    }
    void reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED_HEADERS });
    done();
  });

  // Added to what the route itself says: an answer differs by Origin even where there is none.
  server.addHook('onSend', (_request, reply, _payload, done) => {
    const vary = reply.getHeader('vary');
    void reply.header('vary', vary === undefined ? 'Origin' : `${String(vary)}, Origin`);
    done();
  });

  // Later than the limits, so that preflights are counted.
  server.addHook('preParsing', (request, reply, _payload, done) => {
    const methods = routes.methodsOf(request.url);
    if (
      request.method !== 'OPTIONS' ||
      methods.length === 0 ||
      request.headers['access-control-request-method'] === undefined ||
      !reply.hasHeader('access-control-allow-origin')
    ) {
      done();
      return;
    }
    void reply
      .headers({
        'access-control-allow-methods': methods.join(', '),
        'access-control-allow-headers': REQUEST_HEADERS,
        'access-control-max-age': PREFLIGHT_MAX_AGE_SECONDS,
      })
      .code(204)
      .send();
  });
}
