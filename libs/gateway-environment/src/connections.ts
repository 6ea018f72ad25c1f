/** Seconds without a request after which the gateway closes a connection. What forwards to it closes earlier (infra/parent). */
export const GATEWAY_KEEP_ALIVE_SECONDS = 72;
