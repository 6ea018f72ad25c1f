import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type CallerIdentity, rememberCaller } from '../../features/auth/caller';
import type { TokenVerifier } from '../../features/auth/token-verifier';
import { keepCachedRefusal } from '../../features/budget/cached-refusals';
import { clientAddress } from '../../features/limits/client-address';
import type { RateLimits } from '../../features/limits/rate-limits';
import { rateLimitHeaders, type RateLimitState } from '../../features/limits/rate-limit-state';
import { ProblemError } from '../../core/problems/problem-error';
import { policyOf } from '../../core/routing/route-policy';

const rateLimited = new WeakSet<FastifyRequest>();

/** Such a request leaves no lines of its own in the log: a flood would write as many. RateLimits writes one for each window. */
export function wasRateLimited(request: FastifyRequest): boolean {
  return rateLimited.has(request);
}

/**
 * Before a body is read: an address that is known to be over its limit goes; then the token; then, in one round trip, the limits of
 * address and user and what is known of the budget. So nobody makes the gateway check tokens without end (a bad one counts for its
 * address, and over the limit it is refused unseen), and nobody without a token makes it hold a body.
 */
export function guardEntrance(server: FastifyInstance, limits: RateLimits, verify: TokenVerifier): void {
  server.addHook('onRequest', async (request, reply) => {
    const { limitClass, authenticated, spends } = policyOf(request);
    const address = clientAddress(request.ip, request.socket.remoteAddress);
    const refused = limits.refusedFromMemory(limitClass, address);
    if (refused !== undefined) admit(request, reply, [refused]);

    const token = authenticated ? await verified(verify, request) : undefined;
    const { states, cachedRefusal } = await limits.decide({
      limitClass,
      address,
      owner: token?.caller?.owner,
      spends,
    });
    admit(request, reply, states);
    if (token === undefined) return;
    if (token.caller === undefined) throw token.error;
    rememberCaller(request, token.caller);
    if (cachedRefusal !== null) keepCachedRefusal(request, cachedRefusal);
  });
  // Fastify would read a body for an address that leads nowhere too. Later than preflights are answered (cors.ts).
  server.addHook('preParsing', (request, _reply, _payload, done) => {
    done(request.is404 ? new ProblemError('not_found') : null);
  });
}

type Verified =
  | { readonly caller: CallerIdentity; readonly error?: never }
  | { readonly caller?: undefined; readonly error: unknown };

/** What is wrong with a token is told after its address was counted. */
async function verified(verify: TokenVerifier, request: FastifyRequest): Promise<Verified> {
  try {
    return { caller: await verify(request.headers.authorization) };
  } catch (error) {
    return { error };
  }
}

function admit(request: FastifyRequest, reply: FastifyReply, states: readonly RateLimitState[]): void {
  void reply.headers(rateLimitHeaders(states));
  const refusedBy = states.find(({ allowed }) => !allowed);
  if (refusedBy === undefined) return;
  rateLimited.add(request);
  throw new ProblemError('rate_limited', { retryAfterSeconds: refusedBy.resetSeconds });
}
