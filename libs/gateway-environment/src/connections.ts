/**
 * After so many seconds without a request the gateway closes a connection. The proxies in front of it close idle connections earlier
 * (infra/parent).
 */
export const GATEWAY_KEEP_ALIVE_SECONDS = 72;
