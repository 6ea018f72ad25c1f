import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { rememberCaller } from '../auth/caller';
import type { TokenVerifier } from '../auth/token-verifier';
import { clientAddress } from '../limits/client-address';
import type { RateLimits } from '../limits/rate-limits';
import { rateLimitHeaders, type Standing } from '../limits/standing';
import { ProblemError } from './problem-error';
import { policyOf } from './route-policy';

const rateLimited = new WeakSet<FastifyRequest>();

/** Such a request leaves no lines of its own in the log: a flood would write as many. RateLimits writes one for each window. */
export function wasRateLimited(request: FastifyRequest): boolean {
  return rateLimited.has(request);
}

/**
 * Before a body is read: the address's limit, then the token, then the user's limit. So nobody makes the gateway check tokens without
 * end, and nobody without a token makes it hold a body.
 */
export function guardEntrance(server: FastifyInstance, limits: RateLimits, verify: TokenVerifier): void {
  server.addHook('onRequest', async (request, reply) => {
    const { limitClass, authenticated } = policyOf(request);
    const byAddress = await limits.count(limitClass, 'address', clientAddress(request.ip, request.socket.remoteAddress));
    admit(request, reply, [byAddress]);
    if (!authenticated) return;
    const caller = await verify(request.headers.authorization);
    rememberCaller(request, caller);
    admit(request, reply, [byAddress, await limits.count(limitClass, 'user', caller.owner)]);
  });
}

function admit(request: FastifyRequest, reply: FastifyReply, standings: readonly Standing[]): void {
  void reply.headers(rateLimitHeaders(standings));
  const refusedBy = standings.find(({ allowed }) => !allowed);
  if (refusedBy === undefined) return;
  rateLimited.add(request);
  throw new ProblemError('rate_limited', { retryAfterSeconds: refusedBy.resetSeconds });
}
