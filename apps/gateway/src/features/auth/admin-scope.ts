import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { ProblemError } from '../../core/problems/problem-error';
import { routePolicy } from '../../core/routing/route-policy';
import { Authenticated } from './authenticated';
import { callerOf } from './caller';

@Injectable()
export class AdminScopeGuard implements CanActivate {
  constructor(@Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig) {}

  canActivate(context: ExecutionContext): boolean {
    const caller = callerOf(context.switchToHttp().getRequest<FastifyRequest>());
    if (caller?.scopes.includes(this.config.auth.adminScope) !== true) throw new ProblemError('forbidden');
    return true;
  }
}

/** The route requires a bearer token with the admin scope (AUTH_ADMIN_SCOPE). With another valid token it answers `forbidden`. */
export function AdminScope(): MethodDecorator {
  return applyDecorators(Authenticated(), routePolicy({ problems: ['forbidden'] }), UseGuards(AdminScopeGuard));
}
