import { connect as connectAddress, parseAddress, type Address } from '@communique-tee/vsock';
import { type Socket, connect } from 'node:net';
import { ConnectionCounts } from './connection-counts';
import type { EgressConfig } from './egress-config';

/**
 * `egress_not_allowed`: the configuration does not name this destination, or has no route to it. `egress_name_not_resolved`: the name did
 * not resolve to an address. `egress_unreachable`: the server, or the parent's proxy for it, accepts no connection. `egress_timeout`: no
 * connection in time. `egress_aborted`: the caller gave up.
 */
export type EgressErrorCode =
  'egress_not_allowed' | 'egress_name_not_resolved' | 'egress_unreachable' | 'egress_timeout' | 'egress_aborted';

/** No connection was made, so no byte was sent. The message names the destination, which is public configuration. */
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

/**
 * Returns the `code` of a thrown value, or the empty text. Does not use instanceof, because errors of Node's core may come from another
 * realm.
 */
export function errorCode(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : '';
}

export interface Destination {
  host: string;
  port: number;
}

export interface EgressOptions {
  /** Limits only the time to connect. */
  timeoutMs: number;
  signal?: AbortSignal;
}

/**
 * The only way out of the enclave. `connect` returns a bare byte stream that the untrusted parent carries, so the caller must put TLS on
 * top.
 */
export interface Egress {
  /** @throws EgressError */
  connect(host: string, port: number, options: EgressOptions): Promise<Socket>;
  /** Counts how connections ended; https-post.ts reports each one to it. */
  readonly connections: ConnectionCounts;
}

/**
 * Connects to a vsock address. Tests and the development entry (`--vsock`) inject another function, because their machine has no parent.
 */
export type ConnectVsock = (address: Address, options: EgressOptions) => Promise<Socket>;

/**
 * `allowed`: the destinations that the rest of the configuration names (Congress, providers, KMS). In vsock mode a destination needs a
 * route as well.
 */
export function createEgress(
  config: EgressConfig,
  allowed: readonly Destination[],
  connectVsock: ConnectVsock = connectAddress,
): Egress {
  const permitted = new Set(allowed.map(key));
  const open = config.mode === 'direct' ? connectDirectly : throughParent(config, connectVsock);
  return {
    connections: new ConnectionCounts(),
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

/**
 * Returns the needed destinations for which a vsock configuration has no route. The enclave checks this at its start, because otherwise the
 * first message would fail.
 */
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

/** Connects over the machine's own network, for development. Rejects with the system's code, ETIMEDOUT or ABORT_ERR. */
export function connectDirectly({ host, port }: Destination, { timeoutMs, signal }: EgressOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(coded('ABORT_ERR'));
    const socket = connect({ host: host.replace(/^\[(.*)\]$/, '$1'), port, noDelay: true });
    const fail = (error: Error): void => {
      settle();
      socket.on('error', () => undefined); // errors after the attempt was abandoned do not matter
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(coded('ABORT_ERR'));
    const timer = setTimeout(() => fail(coded('ETIMEDOUT')), timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', fail);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('error', fail);
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
  });
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
