import { constants } from 'node:os';
import { SocketError } from './socket-error';

/** The system calls that AF_VSOCK needs before libuv gets the descriptor. */
export interface Libc {
  socket(): number;
  bind(fd: number, cid: number, port: number): void;
  /** Starts to connect. Returns true if the socket is already connected. */
  connect(fd: number, cid: number, port: number): boolean;
  /** Whether the socket is writable or has failed. Does not wait. */
  isSettled(fd: number): boolean;
  /** Reads SO_ERROR and throws if the connect failed. */
  throwPending(fd: number): void;
  close(fd: number): void;
}

// The values of Linux on x86-64 and arm64.
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const POLLOUT = 4;

/** An address family and the form of its addresses. The calls are the same for every family, so tests can use one other than AF_VSOCK. */
export interface Family {
  readonly name: string;
  readonly domain: number;
  sockaddr(cid: number, port: number): Uint8Array;
}

/** An address is a struct sockaddr_vm (vsock(7)) of 16 bytes, little-endian: family, two reserved bytes, port, context id, four zero bytes. */
export const AF_VSOCK: Family = {
  name: 'AF_VSOCK',
  domain: 40,
  sockaddr(cid, port) {
    const address = Buffer.alloc(16);
    address.writeUInt16LE(40, 0);
    address.writeUInt32LE(port, 4);
    address.writeUInt32LE(cid, 8);
    return address;
  },
};

let loaded: Promise<Libc> | undefined;

/** Loads koffi on the first use of vsock, because unix and tcp do not need it. @throws SocketError ERR_VSOCK_UNAVAILABLE */
export function libc(): Promise<Libc> {
  return (loaded ??= loadLibc(AF_VSOCK));
}

/** @throws SocketError ERR_VSOCK_UNAVAILABLE */
export async function loadLibc(family: Family): Promise<Libc> {
  if (process.platform !== 'linux')
    throw new SocketError('ERR_VSOCK_UNAVAILABLE', `there is no AF_VSOCK on ${process.platform}`);
  try {
    const koffi = await import('koffi');
    const library = koffi.load('libc.so.6');
    const native = {
      socket: library.func('int socket(int, int, int)'),
      bind: library.func('int bind(int, const void *, uint32_t)'),
      connect: library.func('int connect(int, const void *, uint32_t)'),
      poll: library.func('int poll(void *, unsigned long, int)'),
      getsockopt: library.func('int getsockopt(int, int, int, void *, void *)'),
      close: library.func('int close(int)'),
    };
    return bindings(family, native, () => koffi.errno());
  } catch (error) {
    throw new SocketError('ERR_VSOCK_UNAVAILABLE', 'libc cannot be called through koffi', { cause: error });
  }
}

type NativeFunction = (...args: unknown[]) => unknown;

function bindings(
  family: Family,
  native: Record<'socket' | 'bind' | 'connect' | 'poll' | 'getsockopt' | 'close', NativeFunction>,
  errno: () => number,
): Libc {
  const systemError = (reason: number, call: string) =>
    new SocketError(errnoName(reason), `${call} on ${family.name} failed`);
  const failed = (result: unknown) => typeof result !== 'number' || result < 0;
  return {
    socket() {
      const fd = native.socket(family.domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (typeof fd !== 'number' || fd < 0) throw systemError(errno(), 'socket'); // EAFNOSUPPORT if the kernel lacks the family
      return fd;
    },
    bind(fd, cid, port) {
      const address = family.sockaddr(cid, port);
      if (failed(native.bind(fd, address, address.length))) throw systemError(errno(), 'bind');
    },
    connect(fd, cid, port) {
      const address = family.sockaddr(cid, port);
      if (!failed(native.connect(fd, address, address.length))) return true;
      const reason = errno();
      if (reason === constants.errno.EINPROGRESS) return false;
      throw systemError(reason, 'connect');
    },
    isSettled(fd) {
      const pollfd = Buffer.alloc(8);
      pollfd.writeInt32LE(fd, 0);
      pollfd.writeInt16LE(POLLOUT, 4);
      const ready = native.poll(pollfd, 1, 0);
      if (failed(ready)) throw systemError(errno(), 'poll');
      return ready !== 0;
    },
    throwPending(fd) {
      const value = Buffer.alloc(4);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(4);
      if (failed(native.getsockopt(fd, SOL_SOCKET, SO_ERROR, value, length)))
        throw systemError(errno(), 'getsockopt(SO_ERROR)');
      const reason = value.readInt32LE(0);
      if (reason !== 0) throw systemError(reason, 'connect');
    },
    close(fd) {
      native.close(fd);
    },
  };
}

function errnoName(errno: number): string {
  return Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
}
