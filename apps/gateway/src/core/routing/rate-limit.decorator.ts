import { routePolicy } from './route-policy';
import type { RateLimitClass } from './rate-limit-class';

/** The class that a route counts in: per client address, and per user where it is `@Authenticated()`. Without it: see policyOf. */
export function RateLimit(limitClass: RateLimitClass): MethodDecorator {
  return routePolicy({ limitClass, problems: ['rate_limited'] });
}
