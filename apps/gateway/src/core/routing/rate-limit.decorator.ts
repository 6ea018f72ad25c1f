import { routePolicy } from './route-policy';
import type { RateLimitClass } from './rate-limit-class';

/**
 * Sets the class in which a route's requests are counted: per client address, and per user if the route is `@Authenticated()`. Routes
 * without this decorator get the default of policyOf.
 */
export function RateLimit(limitClass: RateLimitClass): MethodDecorator {
  return routePolicy({ limitClass, problems: ['rate_limited'] });
}
