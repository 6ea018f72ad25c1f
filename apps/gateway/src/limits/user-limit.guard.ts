import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { callerOf } from '../auth/caller';
import { RATE_LIMIT_CLASS, type RateLimitClass } from './rate-limit-class';
import { RateLimits } from './rate-limits';

/** Runs after the token was verified (see @Authenticated). */
@Injectable()
export class UserLimitGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: RateLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const caller = callerOf(context.switchToHttp().getRequest<FastifyRequest>());
    if (caller === undefined) return true;
    const limitClass = this.reflector.getAllAndOverride<RateLimitClass | undefined>(RATE_LIMIT_CLASS, [context.getHandler(), context.getClass()]);
    await this.limits.consume(limitClass ?? 'api', `user:${caller.owner}`);
    return true;
  }
}
