/**
 * Seconds without a request after which the gateway closes a connection. Proxies that forward to the gateway close idle connections earlier
 * (infra/parent).
 */
export const GATEWAY_KEEP_ALIVE_SECONDS = 72;
