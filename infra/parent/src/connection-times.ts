import { GATEWAY_KEEP_ALIVE_SECONDS, givenText, VARIABLES } from '@communique-tee/gateway-environment';
import type { ParentSettings } from './settings';

/**
 * Seconds, in increasing order of hops. Each hop must close an idle connection before the next hop does: if the next hop closes it while a
 * request is on its way, the client gets a 502 (Elastic Load Balancing, "Troubleshoot your Application Load Balancers", HTTP 502).
 */
export interface ConnectionTimes {
  /** nginx closes its connections to the gateway. */
  readonly upstreamKeepAlive: number;
  /** nginx waits for an answer of the gateway. */
  readonly proxyRead: number;
  /** An application balancer closes an idle connection after this; longer than nginx lets an answer take. */
  readonly balancerIdle: number;
  /** nginx closes the connections of the balancer or of clients. */
  readonly frontKeepAlive: number;
}

/** How much longer nginx waits than the gateway may for its enclave. */
const PROXY_MARGIN = 15;

/** @param environment of the gateway, valid: `ENCLAVE_TIMEOUT_MS`, and with `AGENTS` on `AGENT_TIMEOUT_MS` */
export function connectionTimes({
  ENCLAVE_TIMEOUT_MS,
  AGENTS,
  AGENT_TIMEOUT_MS,
}: ParentSettings['gateway']['environment']): ConnectionTimes {
  const relayMs = VARIABLES.ENCLAVE_TIMEOUT_MS.parse(givenText(ENCLAVE_TIMEOUT_MS));
  const taskMs = givenText(AGENTS) === 'on' ? VARIABLES.AGENT_TIMEOUT_MS.parse(givenText(AGENT_TIMEOUT_MS)) : 0;
  const proxyRead = Math.ceil(Math.max(relayMs, taskMs) / 1000) + PROXY_MARGIN;
  const balancerIdle = proxyRead + 5;
  return {
    upstreamKeepAlive: GATEWAY_KEEP_ALIVE_SECONDS - 12,
    proxyRead,
    balancerIdle,
    frontKeepAlive: balancerIdle + 15,
  };
}
