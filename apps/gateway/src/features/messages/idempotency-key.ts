import { ProblemError } from '../../core/problems/problem-error';

/** 1 to 128 visible ASCII characters. Node joins a header that was sent twice with a comma and a space, which this form refuses. */
const FORM = /^[\x21-\x7e]{1,128}$/;

/** Reads the header's value. @returns undefined if there is no header. @throws ProblemError `idempotency_key_invalid` */
export function parseIdempotencyKey(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !FORM.test(header)) throw new ProblemError('idempotency_key_invalid');
  return header;
}
