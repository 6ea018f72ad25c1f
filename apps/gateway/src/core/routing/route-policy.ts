import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants';
import type { FastifyRequest } from 'fastify';
import type { RateLimitClass } from './rate-limit-class';

/** What a request is held to before its body is read; part of the route's Fastify config. */
export interface RoutePolicy {
  readonly limitClass: RateLimitClass;
  readonly authenticated: boolean;
  /** What a request may cost at most, in micro-dollars; absent: nothing. */
  readonly costMicroUsd?: bigint;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    communique?: Partial<RoutePolicy>;
  }
}

/** Adds to what other decorators of the same method said. */
export function routePolicy(part: Partial<RoutePolicy>): MethodDecorator {
  return (target, key, descriptor) => {
    const before = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, descriptor.value as object) as
      { communique?: Partial<RoutePolicy> } | undefined;
    RouteConfig({ ...before, communique: { ...before?.communique, ...part } })(target, key, descriptor);
  };
}

/** Probes and whatever has no policy of its own, addresses that lead nowhere included, are limited too. */
export function policyOf(request: FastifyRequest): RoutePolicy {
  const { url, config } = request.routeOptions;
  const limitClass = !request.is404 && url !== undefined && /^\/health(\/|$)/.test(url) ? 'health' : 'other';
  return { limitClass, authenticated: false, ...(request.is404 ? {} : config.communique) };
}
