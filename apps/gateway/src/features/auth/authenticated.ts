import { applyDecorators, UseGuards } from '@nestjs/common';
import { routePolicy } from '../../core/routing/route-policy';
import { AuthGuard } from './auth.guard';

/** The route takes a bearer token, which is verified before the body is read; then the user's rate limit counts too. */
export function Authenticated(): MethodDecorator {
  return applyDecorators(
    routePolicy({ authenticated: true, problems: ['unauthenticated', 'identity_provider_unavailable'] }),
    UseGuards(AuthGuard),
  );
}
