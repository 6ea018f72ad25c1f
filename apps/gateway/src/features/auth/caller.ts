import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../../core/problems/problem-error';

export interface CallerIdentity {
  /** 43 characters: a hash of issuer and subject, see ownerOf. */
  readonly owner: string;
  /** From the token's `scope`: rights beyond access to the owner's own messages. */
  readonly scopes: readonly string[];
}

const callers = new WeakMap<FastifyRequest, CallerIdentity>();

export function rememberCaller(request: FastifyRequest, caller: CallerIdentity): void {
  callers.set(request, caller);
}

export function callerOf(request: FastifyRequest): CallerIdentity | undefined {
  return callers.get(request);
}

/** Parameter decorator for an `@Authenticated()` route. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): CallerIdentity => {
  const caller = callerOf(context.switchToHttp().getRequest<FastifyRequest>());
  if (caller === undefined) throw new ProblemError('unauthenticated');
  return caller;
});
