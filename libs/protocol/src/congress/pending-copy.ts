/**
 * The reasons of a pending copy (apps/enclave/src/services/congress/README.md) that prove that the office did not take it: the enclave
 * sent no byte, or Congress answered that it does not take the copy now. `aborted` is not among them, because the request may have
 * reached Congress.
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

/** Whether the reason of a pending copy proves that the office does not have it. An unknown reason proves nothing. */
export function provesOfficeHasNoCopy(reason: string | null): boolean {
  return (NOT_TAKEN_REASONS as readonly (string | null)[]).includes(reason);
}
