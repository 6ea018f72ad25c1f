import { constants } from 'node:os';
import { SocketError } from '../socket-error';

/** The few calls that AF_VSOCK needs before libuv can take over; numbers are those of Linux on x86-64 and arm64 (both little-endian). */
export interface Libc {
  socket(): number;
  bind(fd: number, cid: number, port: number): void;
  /** Starts connecting; true when it is done already. */
  connect(fd: number, cid: number, port: number): boolean;
  /** Resolves when the socket can be written to or has failed, or after `timeoutMs`; on a worker thread. */
  waitWritable(fd: number, timeoutMs: number): Promise<boolean>;
  /** SO_ERROR: throws what became of a connect. */
  throwPending(fd: number): void;
  close(fd: number): void;
}

const AF_VSOCK = 40;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const POLLOUT = 4;
const SOCKADDR_VM_BYTES = 16;

let loaded: Promise<Libc> | undefined;

/** koffi is loaded on the first use of vsock: who speaks unix or tcp only never needs it. @throws SocketError ERR_VSOCK_UNAVAILABLE */
export function libc(): Promise<Libc> {
  return (loaded ??= load());
}

async function load(): Promise<Libc> {
  if (process.platform !== 'linux') throw new SocketError('ERR_VSOCK_UNAVAILABLE', `there is no AF_VSOCK on ${process.platform}`);
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
    return bindings(native, () => koffi.errno());
  } catch (error) {
    throw new SocketError('ERR_VSOCK_UNAVAILABLE', 'libc cannot be called through koffi', { cause: error });
  }
}

interface NativeFunction {
  (...args: unknown[]): unknown;
  async: (...args: unknown[]) => unknown;
}

function bindings(native: Record<'socket' | 'bind' | 'connect' | 'poll' | 'getsockopt' | 'close', NativeFunction>, errno: () => number): Libc {
  const failed = (result: unknown) => typeof result !== 'number' || result < 0;
  return {
    socket() {
      const fd = native.socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (typeof fd !== 'number' || fd < 0) throw systemError(errno(), 'socket(AF_VSOCK)');
      return fd;
    },
    bind(fd, cid, port) {
      if (failed(native.bind(fd, sockaddrVm(cid, port), SOCKADDR_VM_BYTES))) throw systemError(errno(), 'bind');
    },
    connect(fd, cid, port) {
      if (!failed(native.connect(fd, sockaddrVm(cid, port), SOCKADDR_VM_BYTES))) return true;
      const reason = errno();
      if (reason === constants.errno.EINPROGRESS) return false;
      throw systemError(reason, 'connect');
    },
    waitWritable(fd, timeoutMs) {
      const pollfd = Buffer.alloc(8);
      pollfd.writeInt32LE(fd, 0);
      pollfd.writeInt16LE(POLLOUT, 4);
      // errno is not to be trusted after an asynchronous call: poll's result and SO_ERROR are all that is read.
      return new Promise((resolve, reject) => {
        native.poll.async(pollfd, 1, Math.min(timeoutMs, 0x7fff_ffff), (error: unknown, ready: unknown) => {
          if (error === null || error === undefined) resolve(typeof ready === 'number' && ready > 0);
          else reject(SocketError.from(error, 'poll'));
        });
      });
    },
    throwPending(fd) {
      const value = Buffer.alloc(4);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(4);
      if (failed(native.getsockopt(fd, SOL_SOCKET, SO_ERROR, value, length))) throw systemError(errno(), 'getsockopt(SO_ERROR)');
      const reason = value.readInt32LE(0);
      if (reason !== 0) throw systemError(reason, 'connect');
    },
    close(fd) {
      native.close(fd);
    },
  };
}

/** struct sockaddr_vm (vsock(7)): family, two reserved bytes, port, context id, four bytes zero. */
function sockaddrVm(cid: number, port: number): Buffer {
  const address = Buffer.alloc(SOCKADDR_VM_BYTES);
  address.writeUInt16LE(AF_VSOCK, 0);
  address.writeUInt32LE(port, 4);
  address.writeUInt32LE(cid, 8);
  return address;
}

function systemError(errno: number, call: string): SocketError {
  const [name] = Object.entries(constants.errno).find(([, value]) => value === errno) ?? [`errno ${errno}`];
  return new SocketError(name, `${call} on AF_VSOCK failed`);
}
