import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../../core/problems/problem-error';
import { callerOf } from './caller';

/** Who reads a message: the owner that a token names, or a client with a status secret (here the secret's SHA-256, 32 bytes). */
export type Reader =
  | { readonly owner: string; readonly statusSha256?: undefined }
  | { readonly owner?: undefined; readonly statusSha256: Uint8Array<ArrayBuffer> };

const statusHashes = new WeakMap<FastifyRequest, Uint8Array<ArrayBuffer>>();

export function rememberStatusHash(request: FastifyRequest, statusSha256: Uint8Array<ArrayBuffer>): void {
  statusHashes.set(request, statusSha256);
}

export function readerOf(request: FastifyRequest): Reader | undefined {
  const owner = callerOf(request)?.owner;
  if (owner !== undefined) return { owner };
  const statusSha256 = statusHashes.get(request);
  return statusSha256 && { statusSha256 };
}

/** Returns a name that is unique among the readers of this process. */
export function nameOfReader({ owner, statusSha256 }: Reader): string {
  return owner ?? `status ${Buffer.from(statusSha256).toString('base64url')}`;
}

/** For a parameter of a route with `@AuthenticatedReader()`. */
export const ReaderOf = createParamDecorator((_: unknown, context: ExecutionContext): Reader => {
  const reader = readerOf(context.switchToHttp().getRequest<FastifyRequest>());
  if (reader === undefined) throw new ProblemError('unauthenticated');
  return reader;
});
