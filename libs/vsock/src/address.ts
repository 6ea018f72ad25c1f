import { isIPv4, isIPv6 } from 'node:net';

export type AddressErrorCode =
  | 'ERR_ADDRESS_SCHEME' // the scheme is not vsock:, unix:, tcp: or hybrid:
  | 'ERR_ADDRESS_PORT' // the port is not a decimal in the right range
  | 'ERR_ADDRESS_CID' // the context id is not usable, or is missing although it is needed
  | 'ERR_ADDRESS_HOST' // the host is neither IPv4, nor [IPv6], nor localhost
  | 'ERR_ADDRESS_PATH'; // the path is empty, too long for a sockaddr_un, or contains a NUL

/** An address cannot be read or used. `code` is stable. The message states the rule. */
export class AddressError extends Error {
  override readonly name = 'AddressError';

  constructor(
    readonly code: AddressErrorCode,
    message: string,
  ) {
    super(message);
  }
}

export interface VsockAddress {
  readonly kind: 'vsock';
  /** The context id, 1 to 2^32-2. Null means any context id, and only a listener can use it. */
  readonly cid: number | null;
  /** 1 to 2^32-2. */
  readonly port: number;
}

export interface UnixAddress {
  readonly kind: 'unix';
  readonly path: string;
}

export interface TcpAddress {
  readonly kind: 'tcp';
  /** An IPv4 address, an IPv6 address without brackets, or `localhost`. */
  readonly host: string;
  /** 0 to 65535. 0 listens on a free port. */
  readonly port: number;
}

/** A vsock port of an emulated enclave. The emulated vsock device has a unix socket (vhost-device-vsock, Firecracker). */
export interface HybridAddress {
  readonly kind: 'hybrid';
  /** The device's socket. A host program connects to it to reach the guest. Connections from the guest arrive at `<path>_<port>`. */
  readonly path: string;
  /** 1 to 2^32-2. */
  readonly port: number;
}

export type Address = VsockAddress | UnixAddress | TcpAddress | HybridAddress;

/** `sun_path` has 108 bytes with the NUL at its end (unix(7)). */
const MAX_PATH_BYTES = 107;
/** VMADDR_CID_ANY and VMADDR_PORT_ANY are 2^32-1 (vsock(7)). */
const VSOCK_ANY = 0xffff_ffff;

/**
 * Reads `vsock:<port>` (any context id, for listening), `vsock:<cid>:<port>`, `unix:<path>`, `hybrid:<path>:<port>` or
 * `tcp:<host>:<port>`. The host is IPv4, [IPv6] or localhost; other names are refused.
 *
 * @throws AddressError
 */
export function parseAddress(text: string): Address {
  const [, scheme, rest] = /^([a-z]+):(.*)$/s.exec(text) ?? [];
  if (rest !== undefined) {
    if (scheme === 'vsock') return parseVsock(rest);
    if (scheme === 'unix') return parseUnix(rest);
    if (scheme === 'tcp') return parseTcp(rest);
    if (scheme === 'hybrid') return parseHybrid(rest);
  }
  throw new AddressError('ERR_ADDRESS_SCHEME', 'an address starts with vsock:, unix:, tcp: or hybrid:');
}

function parseVsock(rest: string): VsockAddress {
  const parts = rest.split(':');
  if (parts.length > 2) throw new AddressError('ERR_ADDRESS_PORT', 'vsock:<port> or vsock:<cid>:<port>');
  const port = vsockPort(parts.at(-1));
  if (parts.length === 1) return { kind: 'vsock', cid: null, port };
  const cid = decimal(parts[0]);
  if (cid === undefined || cid < 1 || cid >= VSOCK_ANY)
    throw new AddressError('ERR_ADDRESS_CID', 'a context id is 1 to 4294967294');
  return { kind: 'vsock', cid, port };
}

function parseUnix(path: string): UnixAddress {
  const length = Buffer.byteLength(path);
  if (length === 0 || length > MAX_PATH_BYTES)
    throw new AddressError('ERR_ADDRESS_PATH', `a socket's path has 1 to ${MAX_PATH_BYTES} bytes`);
  if (path.includes('\0')) throw new AddressError('ERR_ADDRESS_PATH', 'a path holds no NUL');
  return { kind: 'unix', path };
}

function parseHybrid(rest: string): HybridAddress {
  const [, path, digits] = /^(.*):([^:]*)$/s.exec(rest) ?? [];
  if (path === undefined || digits === undefined) throw new AddressError('ERR_ADDRESS_PORT', 'hybrid:<path>:<port>');
  const port = vsockPort(digits);
  if (path === '') throw new AddressError('ERR_ADDRESS_PATH', 'hybrid:<path>:<port>, and the path is not empty');
  parseUnix(hybridListenPath({ path, port })); // the longer of the two paths that this address uses
  return { kind: 'hybrid', path, port };
}

/** Returns the path at which the guest's connections to this port arrive. */
export function hybridListenPath({ path, port }: Pick<HybridAddress, 'path' | 'port'>): string {
  return `${path}_${port}`;
}

function vsockPort(text: string | undefined): number {
  const port = decimal(text);
  if (port === undefined || port < 1 || port >= VSOCK_ANY)
    throw new AddressError('ERR_ADDRESS_PORT', 'a vsock port is 1 to 4294967294');
  return port;
}

function parseTcp(rest: string): TcpAddress {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(rest) ?? [];
  const port = decimal(digits);
  if (port === undefined || port > 65_535)
    throw new AddressError('ERR_ADDRESS_PORT', 'tcp:<host>:<port>, and a port is 0 to 65535');
  if (bracketed !== undefined && isIPv6(bracketed)) return { kind: 'tcp', host: bracketed, port };
  if (plain !== undefined && (isIPv4(plain) || plain === 'localhost')) return { kind: 'tcp', host: plain, port };
  throw new AddressError('ERR_ADDRESS_HOST', 'the host is an IPv4 address, an IPv6 address in brackets, or localhost');
}

/** Refuses a sign and leading zeros. */
function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^(0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : undefined;
}

/** Returns the text from which parseAddress reads this address. */
export function formatAddress(address: Address): string {
  switch (address.kind) {
    case 'vsock':
      return address.cid === null ? `vsock:${address.port}` : `vsock:${address.cid}:${address.port}`;
    case 'unix':
      return `unix:${address.path}`;
    case 'hybrid':
      return `hybrid:${address.path}:${address.port}`;
    case 'tcp':
      return address.host.includes(':')
        ? `tcp:[${address.host}]:${address.port}`
        : `tcp:${address.host}:${address.port}`;
  }
}
