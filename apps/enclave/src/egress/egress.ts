import type { Socket } from 'node:net';
import { connect as connectAddress, parseAddress, type Address } from '@communique-tee/vsock';
import { connectDirectly } from './direct';
import type { EgressConfig } from './egress-config';
import { errorCode } from './error-code';
import { EgressError, type EgressErrorCode } from './egress-error';

export interface Destination {
  host: string;
  port: number;
}

export interface EgressOptions {
  /** For the connection alone; what comes after is the caller's to time. */
  timeoutMs: number;
  signal?: AbortSignal;
}

/** The one way out. What comes back is a bare byte stream through somebody who is not trusted: TLS belongs on top of it. */
export interface Egress {
  /** @throws EgressError */
  connect(host: string, port: number, options: EgressOptions): Promise<Socket>;
}

/** How a vsock address is connected to: injected by tests alone, since no test machine has a parent to speak to. */
export type ConnectVsock = (address: Address, options: EgressOptions) => Promise<Socket>;

/**
 * `allowed` are the destinations that the rest of the configuration names (Congress); in vsock mode a destination needs a route
 * as well.
 */
export function createEgress(
  config: EgressConfig,
  allowed: readonly Destination[],
  connectVsock: ConnectVsock = connectAddress,
): Egress {
  const permitted = new Set(allowed.map(key));
  const open = config.mode === 'direct' ? connectDirectly : throughParent(config, connectVsock);
  return {
    async connect(host, port, options) {
      const wanted = { host, port };
      const connecting = permitted.has(key(wanted)) ? open(wanted, options) : null;
      if (!connecting)
        throw new EgressError('egress_not_allowed', `${key(wanted)} is not a destination of this configuration`);
      try {
        return await connecting;
      } catch (cause) {
        const code = codeOf(cause);
        throw new EgressError(code, `${key(wanted)}: ${code}`, { cause });
      }
    },
  };
}

/** Destinations a vsock configuration has no route for: for a check at start, before a message finds out. */
export function missingRoutes(config: EgressConfig, needed: readonly Destination[]): Destination[] {
  if (config.mode === 'direct') return [];
  const routed = new Set(config.routes.map(key));
  return needed.filter((destination) => !routed.has(key(destination)));
}

function key({ host, port }: Destination): string {
  return `${host}:${port}`;
}

function throughParent(config: Extract<EgressConfig, { mode: 'vsock' }>, connectVsock: ConnectVsock) {
  const routes = new Map(
    config.routes.map((route) => [key(route), parseAddress(`vsock:${config.parentCid}:${route.vsockPort}`)]),
  );
  return (destination: Destination, options: EgressOptions): Promise<Socket> | null => {
    const address = routes.get(key(destination));
    return address ? connectVsock(address, options) : null;
  };
}

function codeOf(cause: unknown): EgressErrorCode {
  switch (errorCode(cause)) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
    case 'EAI_NODATA':
      return 'egress_name_not_resolved';
    case 'ETIMEDOUT':
      return 'egress_timeout';
    case 'ABORT_ERR':
      return 'egress_aborted';
    default:
      return 'egress_unreachable';
  }
}
