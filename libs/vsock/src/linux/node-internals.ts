import { Socket } from 'node:net';
import { SocketError } from './socket-error';

/**
 * Only this file uses undocumented parts of Node. One is `process.binding('tcp_wrap')`, whose TCP handle takes a file descriptor of any
 * stream socket. The other is that net accepts such a handle. Both were tested on Node 20, 24 and 26. On a version that lacks them, the
 * first use of vsock throws, and other sockets still work.
 */
export interface TcpHandle {
  /** 0, or a negative errno. */
  open(fd: number): number;
  close(): void;
}

interface TcpWrap {
  TCP: new (type: number) => TcpHandle;
  constants: { SOCKET: number; SERVER: number };
}

/** @throws SocketError ERR_VSOCK_UNAVAILABLE */
export function tcpWrap(holder: object = process): TcpWrap {
  const binding: unknown = Reflect.get(holder, 'binding');
  let found: unknown;
  try {
    found = typeof binding === 'function' ? Reflect.apply(binding, holder, ['tcp_wrap']) : undefined;
  } catch (error) {
    throw missing(error);
  }
  if (!isTcpWrap(found)) throw missing();
  return found;
}

/**
 * Returns a handle over a stream descriptor (bound for `SERVER`, connected for `SOCKET`). The handle then owns the descriptor.
 *
 * @throws SocketError ERR_VSOCK_UNAVAILABLE. The caller then still owns the descriptor.
 */
export function openHandle(fd: number, type: 'SOCKET' | 'SERVER'): TcpHandle {
  const { TCP, constants } = tcpWrap();
  const handle = new TCP(constants[type]);
  const result = handle.open(fd);
  if (result === 0) return handle;
  handle.close();
  throw new SocketError('ERR_VSOCK_UNAVAILABLE', `libuv does not take the socket (${result})`);
}

/** Returns a socket over a handle. It uses net.Socket's undocumented option `handle`, because the documented option `fd` refuses vsock. */
export function socketOf(handle: TcpHandle, { allowHalfOpen }: { readonly allowHalfOpen: boolean }): Socket {
  const options: object = { handle, readable: true, writable: true, allowHalfOpen };
  return new Socket(options);
}

function isTcpWrap(value: unknown): value is TcpWrap {
  if (typeof value !== 'object' || value === null) return false;
  const TCP: unknown = Reflect.get(value, 'TCP');
  const constants: unknown = Reflect.get(value, 'constants');
  if (typeof TCP !== 'function' || typeof constants !== 'object' || constants === null) return false;
  const prototype: unknown = TCP.prototype;
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    typeof Reflect.get(prototype, 'open') === 'function' &&
    typeof Reflect.get(constants, 'SOCKET') === 'number' &&
    typeof Reflect.get(constants, 'SERVER') === 'number'
  );
}

function missing(cause?: unknown): SocketError {
  return new SocketError(
    'ERR_VSOCK_UNAVAILABLE',
    `Node ${process.version} no longer has process.binding('tcp_wrap'), which vsock needs`,
    { cause },
  );
}
