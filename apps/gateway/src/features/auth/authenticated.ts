import { applyDecorators, UseGuards } from '@nestjs/common';
import { routePolicy } from '../../core/routing/route-policy';
import { AuthGuard, ReaderGuard } from './auth.guard';

const PROBLEMS = ['unauthenticated', 'identity_provider_unavailable'] as const;

/** The route requires a bearer token, which is verified before the body is read. Requests then count in the user's rate limit too. */
export function Authenticated(): MethodDecorator {
  return applyDecorators(routePolicy({ authenticated: true, problems: PROBLEMS }), UseGuards(AuthGuard));
}

/** The route requires a bearer token or the status secret of a message (status-secret.ts), and takes no query. */
export function AuthenticatedReader(): MethodDecorator {
  return applyDecorators(
    routePolicy({ authenticated: true, inPlaceOfToken: 'status_secret', problems: PROBLEMS }),
    UseGuards(ReaderGuard),
  );
}

/**
 * The route requires a bearer token. If proofs of residence are on, a request without a token also reaches the handler, which must then
 * require a proof.
 */
export function AuthenticatedOrProven(): MethodDecorator {
  return routePolicy({ authenticated: true, inPlaceOfToken: 'proof', problems: PROBLEMS });
}
