/** The gateway closes a connection that has been idle for this long. The proxies in front of it do so earlier (infra/parent). */
export const GATEWAY_KEEP_ALIVE_SECONDS = 72;
