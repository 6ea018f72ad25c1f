import type { ProblemCode } from '@communique-tee/protocol';
import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants';
import type { FastifyRequest } from 'fastify';
import type { OperationDescription } from './operation';
import type { RateLimitClass } from './rate-limit-class';

/** Operations that cost money: delivering a message, if delivery has a price, and an agent's task. */
export type Spends = 'message' | 'agent_task';

/** What the gateway checks before it reads a request's body, and what the OpenAPI document states. Part of the route's Fastify config. */
export interface RoutePolicy {
  readonly limitClass: RateLimitClass;
  readonly authenticated: boolean;
  /** What a request may present in place of a token. If absent, a token is required. */
  readonly inPlaceOfToken?: 'status_secret' | 'proof';
  /** What a request may spend money on. If absent, it spends none. */
  readonly spends?: Spends;
  /** Null leaves the route out of the OpenAPI document. */
  readonly operation?: Omit<OperationDescription, 'problems'> | null;
  /** Problem codes with which the route's decorators and its handler answer, in the order of the decorators. */
  readonly problems?: readonly ProblemCode[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    communique?: Partial<RoutePolicy>;
  }
}

/** Merges this part into the policy that the method's other decorators set, and joins the lists of `problems`. */
export function routePolicy(part: Partial<RoutePolicy>): MethodDecorator {
  return (target, key, descriptor) => {
    const before = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, descriptor.value as object) as
      { communique?: Partial<RoutePolicy> } | undefined;
    // Decorators apply from the last to the first.
    const problems = [...(part.problems ?? []), ...(before?.communique?.problems ?? [])];
    RouteConfig({ ...before, communique: { ...before?.communique, ...part, problems } })(target, key, descriptor);
  };
}

/** Describes the route for the OpenAPI document (edge/openapi). Every route has this decorator or `@NotInApi()`. */
export function Operation({ problems = [], ...description }: OperationDescription): MethodDecorator {
  return routePolicy({ operation: description, problems });
}

/** Marks a route that serves people, such as a file of the page. The OpenAPI document leaves it out. */
export function NotInApi(): MethodDecorator {
  return routePolicy({ operation: null });
}

/**
 * Returns the policy of the request's route. If the route sets no class, it is `health` for paths under /health, and `other` for all else,
 * including addresses that do not exist.
 */
export function policyOf(request: FastifyRequest): RoutePolicy {
  const { url, config } = request.routeOptions;
  const limitClass = !request.is404 && url !== undefined && /^\/health(\/|$)/.test(url) ? 'health' : 'other';
  return { limitClass, authenticated: false, ...(request.is404 ? {} : config.communique) };
}
