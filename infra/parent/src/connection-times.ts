import { GATEWAY_KEEP_ALIVE_SECONDS, givenText, VARIABLES } from '@communique-tee/gateway-environment';
import type { ParentSettings } from './settings';

/**
 * Times in seconds. On each connection, the side that sends requests must close first when it is idle. If the other side closes while a
 * request is on its way, the client gets a 502 (Elastic Load Balancing, "Troubleshoot your Application Load Balancers", HTTP 502).
 */
export interface ConnectionTimes {
  /** After this idle time nginx closes a connection to the gateway. */
  readonly upstreamKeepAlive: number;
  /** How long nginx waits for an answer of the gateway. */
  readonly proxyRead: number;
  /** After this idle time an Application Load Balancer closes a connection. Longer than `proxyRead`. */
  readonly balancerIdle: number;
  /** After this idle time nginx closes a connection of the balancer or of a client. */
  readonly frontKeepAlive: number;
}

/** How many seconds longer nginx waits for the gateway than the gateway waits for its enclave. */
const PROXY_MARGIN = 15;

/** @param environment the gateway's valid environment: the time limits of the enclave and of a task */
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
