import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { clientAddress } from './client-address';
import { RATE_LIMIT_CLASS, type RateLimitClass } from './rate-limit-class';
import { RateLimits } from './rate-limits';

/** Runs before the token is looked at, so that guessing tokens is limited too. */
@Injectable()
export class AddressLimitGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: RateLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const limitClass = this.reflector.getAllAndOverride<RateLimitClass | undefined>(RATE_LIMIT_CLASS, [context.getHandler(), context.getClass()]);
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    await this.limits.consume(limitClass ?? 'api', `address:${clientAddress(request.ip, request.socket.remoteAddress)}`);
    return true;
  }
}
