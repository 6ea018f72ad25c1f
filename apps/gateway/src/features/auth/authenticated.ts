import { applyDecorators, UseGuards } from '@nestjs/common';
import { routePolicy } from '../../core/routing/route-policy';
import { AuthGuard, ReaderGuard } from './auth.guard';

const PROBLEMS = ['unauthenticated', 'identity_provider_unavailable'] as const;

/** The route takes a bearer token, which is verified before the body is read; then the user's rate limit counts too. */
export function Authenticated(): MethodDecorator {
  return applyDecorators(routePolicy({ authenticated: true, problems: PROBLEMS }), UseGuards(AuthGuard));
}

/** The route takes a bearer token or the status secret of a message (status-secret.ts), and no query. */
export function AuthenticatedReader(): MethodDecorator {
  return applyDecorators(
    routePolicy({ authenticated: true, inPlaceOfToken: 'status_secret', problems: PROBLEMS }),
    UseGuards(ReaderGuard),
  );
}

/**
 * The route takes a bearer token. While proofs of residence are taken, a request without one reaches the handler too, which must then
 * demand a proof.
 */
export function AuthenticatedOrProven(): MethodDecorator {
  return routePolicy({ authenticated: true, inPlaceOfToken: 'proof', problems: PROBLEMS });
}
