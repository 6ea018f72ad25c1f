/**
 * Reasons of a pending copy (apps/enclave/src/services/congress/README.md) that prove that the office did not take
 * it: no byte was sent, or Congress answered that it does not take it now. `aborted` is not one of them: the request
 * may have been on its way.
 */
export const NOT_TAKEN_REASONS = [
  'busy',
  'credentials_missing',
  'not_allowed',
  'name_not_resolved',
  'unreachable',
  'connect_timeout',
  'certificate_refused',
  'tls_failed',
  'credentials_refused',
  'endpoint_not_found',
  'rate_limited',
  'maintenance',
] as const;

/** Whether the office surely does not have a pending copy. A reason that this version does not know proves nothing. */
export function provesNotTaken(reason: string | null): boolean {
  return (NOT_TAKEN_REASONS as readonly (string | null)[]).includes(reason);
}
