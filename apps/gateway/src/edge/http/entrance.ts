import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type CallerIdentity, rememberCaller } from '../../features/auth/caller';
import { rememberStatusHash } from '../../features/auth/reader';
import { refuseQuery, statusSha256Of } from '../../features/auth/status-secret';
import type { TokenVerifier } from '../../features/auth/token-verifier';
import { keepCachedRefusal } from '../../features/budget/cached-refusals';
import { clientAddress } from '../../features/limits/client-address';
import type { RateLimits } from '../../features/limits/rate-limits';
import { rateLimitHeaders, type RateLimitState } from '../../features/limits/rate-limit-state';
import { ProblemError } from '../../core/problems/problem-error';
import { policyOf, type RoutePolicy } from '../../core/routing/route-policy';

const rateLimited = new WeakSet<FastifyRequest>();

/**
 * Whether a rate limit refused the request. Such a request is not logged, so that a flood of requests does not flood the log. RateLimits
 * logs one line for each window.
 */
export function wasRateLimited(request: FastifyRequest): boolean {
  return rateLimited.has(request);
}

/**
 * Checks a request before its body is read:
 * 1. It refuses an address that this process knows to be over its limit.
 * 2. It verifies the token. Some routes accept a status secret in place of the token.
 * 3. In one round trip to Redis it counts the request, for address and user, and reads the cached refusals.
 *
 * A request with a bad token counts for its address, so the limit also bounds how many tokens a client can make the gateway verify.
 * @param takesProofs whether a message may have a proof of residence, which is in the body, in place of the token
 */
export function guardEntrance(
  server: FastifyInstance,
  limits: RateLimits,
  verify: TokenVerifier,
  takesProofs: boolean,
): void {
  server.addHook('onRequest', async (request, reply) => {
    const { limitClass, authenticated, spends, inPlaceOfToken } = policyOf(request);
    const address = clientAddress(request.ip, request.socket.remoteAddress);
    const refused = limits.refusedFromMemory(limitClass, address);
    if (refused !== undefined) admit(request, reply, [refused]);

    const isProven = inPlaceOfToken === 'proof' && takesProofs && request.headers.authorization === undefined;
    const token = authenticated && !isProven ? await verified(verify, request, inPlaceOfToken) : undefined;
    const { states, cachedRefusal } = await limits.decide({
      limitClass,
      address,
      owner: token?.caller?.owner,
      spends,
    });
    admit(request, reply, states);
    if (cachedRefusal !== null) keepCachedRefusal(request, cachedRefusal);
    if (token === undefined) return;
    if (token.statusSha256 !== undefined) {
      rememberStatusHash(request, token.statusSha256);
      return;
    }
    if (token.caller === undefined) throw token.error;
    rememberCaller(request, token.caller);
  });
  // Without this hook Fastify would read a body even if no route matches. The hook runs after cors.ts has answered preflights.
  server.addHook('preParsing', (request, _reply, _payload, done) => {
    done(request.is404 ? new ProblemError('not_found') : null);
  });
}

interface Verified {
  readonly caller?: CallerIdentity;
  /** The hash of the status secret that replaced the token. */
  readonly statusSha256?: Uint8Array<ArrayBuffer>;
  readonly error?: unknown;
}

/** Returns the error instead of throwing it, so that the request is counted before it is refused. */
async function verified(
  verify: TokenVerifier,
  request: FastifyRequest,
  inPlaceOfToken: RoutePolicy['inPlaceOfToken'],
): Promise<Verified> {
  try {
    if (inPlaceOfToken === 'status_secret') {
      refuseQuery(request.url);
      const statusSha256 = statusSha256Of(request);
      if (statusSha256 !== undefined) return { statusSha256 };
    }
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
