import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../../core/problems/problem-error';

/**
 * The header in which a client presents the status secret of its message: 32 bytes in base64url. It is never in an address, because
 * addresses are logged.
 */
export const STATUS_SECRET_HEADER = 'communique-status-secret';

/** 43 characters; the two unused bits of the last one are zero. */
const FORM = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/**
 * Returns the SHA-256 (32 bytes) of the status secret that a request presents, which is what the database stores.
 * @returns undefined if the request presents no secret
 * @throws ProblemError `unauthenticated`: the header's value does not have the form of a secret; `malformed_request`: the request has a
 * token too
 */
export function statusSha256Of({ headers }: Pick<FastifyRequest, 'headers'>): Uint8Array<ArrayBuffer> | undefined {
  const secret = headers[STATUS_SECRET_HEADER];
  if (secret === undefined) return undefined;
  if (headers.authorization !== undefined)
    throw new ProblemError('malformed_request', { detail: 'Send a token or a status secret, not both.' });
  // Node joins a header that was sent twice with a comma.
  if (typeof secret !== 'string' || !FORM.test(secret)) throw new ProblemError('unauthenticated');
  return new Uint8Array(createHash('sha256').update(Buffer.from(secret, 'base64url')).digest());
}

/** @throws ProblemError `malformed_request`: the address has a query, which logs and histories keep */
export function refuseQuery(url: string): void {
  if (url.includes('?'))
    throw new ProblemError('malformed_request', {
      detail: `This address takes no query. A status secret goes into the header ${STATUS_SECRET_HEADER}.`,
    });
}
