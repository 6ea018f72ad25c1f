/**
 * `egress_not_allowed`: no configuration names this destination. `egress_name_not_resolved`: its name has no address now.
 * `egress_unreachable`: nobody answers there, or no proxy. `egress_timeout`: not in time. `egress_aborted`: the caller gave up.
 */
export type EgressErrorCode =
  'egress_not_allowed' | 'egress_name_not_resolved' | 'egress_unreachable' | 'egress_timeout' | 'egress_aborted';

/** No connection was made; nothing was sent. The message names the destination, which is configuration and no secret. */
export class EgressError extends Error {
  override readonly name = 'EgressError';

  constructor(
    readonly code: EgressErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
