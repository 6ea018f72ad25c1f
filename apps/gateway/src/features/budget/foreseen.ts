import type { FastifyRequest } from 'fastify';
import type { ForeseenRefusal } from './cached-refusals';

const foreseen = new WeakMap<FastifyRequest, ForeseenRefusal>();

/** What the entrance saw of the budget goes with the request to whoever spends: a message that was accepted before is still answered. */
export function rememberForeseen(request: FastifyRequest, refusal: ForeseenRefusal): void {
  foreseen.set(request, refusal);
}

export function foreseenOf(request: FastifyRequest): ForeseenRefusal | null {
  return foreseen.get(request) ?? null;
}
