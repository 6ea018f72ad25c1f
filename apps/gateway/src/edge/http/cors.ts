import cors, { type FastifyCorsOptionsDelegateCallback } from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import type { RegisteredRoutes } from '../../core/routing/registered-routes';

const SHARED = {
  allowedHeaders: 'authorization, communique-status-secret, content-type, idempotency-key',
  exposedHeaders: 'location, ratelimit, ratelimit-policy, retry-after, x-request-id',
  maxAge: 600,
  // This file answers preflights after the rate limits have counted them.
  preflightContinue: true,
};

/**
 * Lets pages of exactly the listed origins read answers (Fetch standard, "CORS protocol"). Cookies are never allowed, because clients send
 * a token. Other origins get no CORS headers, so browsers block them. Call it before the rate limits: their refusals need the headers too.
 */
export function allowOrigins(server: FastifyInstance, origins: readonly string[], routes: RegisteredRoutes): void {
  const allowed = new Set(origins);
  const delegator: FastifyCorsOptionsDelegateCallback = (request, callback) => {
    const { origin } = request.headers;
    const methods = routes.methodsOf(request.url);
    const preflight = methods.length > 0 && request.headers['access-control-request-method'] !== undefined;
    callback(null, {
      ...SHARED,
      origin: origin !== undefined && allowed.has(origin) ? origin : false,
      methods,
      preflight,
    });
  };
  void server.register(cors, { delegator });

  // The plugin's route `OPTIONS *` matches any path. No body is read for it, and an OPTIONS that is no preflight gets 404 or 405.
  server.addHook('preParsing', (request, reply, _payload, done) => {
    if (request.method !== 'OPTIONS') done();
    else if (reply.hasHeader('access-control-allow-methods')) void reply.code(204).send();
    else reply.callNotFound();
  });
  // A route that sets Vary overwrites the plugin's Vary.
  server.addHook('onSend', (_request, reply, _payload, done) => {
    const vary = reply.getHeader('vary');
    if (vary !== 'Origin') void reply.header('vary', vary === undefined ? 'Origin' : `${String(vary)}, Origin`);
    done();
  });
}
