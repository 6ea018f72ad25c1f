import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import { AddressLimitGuard } from './address-limit.guard';
import { RATE_LIMIT_CLASS, type RateLimitClass } from './rate-limit-class';

/** Limits a route (or a controller) per client address, and per user where it is `@Authenticated()`. Classes count apart. */
export function RateLimit(limitClass: RateLimitClass): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(RATE_LIMIT_CLASS, limitClass), UseGuards(AddressLimitGuard));
}
