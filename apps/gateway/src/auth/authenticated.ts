import { applyDecorators, UseGuards } from '@nestjs/common';
import { UserLimitGuard } from '../limits/user-limit.guard';
import { AuthGuard } from './auth.guard';

/** The route takes a bearer token; once it is known whose, their rate limit counts too. */
export function Authenticated(): MethodDecorator & ClassDecorator {
  return applyDecorators(UseGuards(AuthGuard, UserLimitGuard));
}
