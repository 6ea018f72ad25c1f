import type { Server, Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { SocketError } from './socket-error';
import { libc, type Libc } from './libc';
import { openHandle, socketOf, tcpWrap, type TcpHandle } from './node-internals';

const CID_ANY = 0xffff_ffff;
/** How many turns of the event loop to poll without a pause. An existing peer answers within them (a round trip takes about 80 µs). */
const EAGER_TURNS = 20;
const LONGEST_PAUSE_MS = 20;

export interface VsockConnectOptions {
  /** Aborts connecting. The kernel's own limit is 2 seconds (vsock(7)). */
  readonly signal: AbortSignal;
  readonly allowHalfOpen: boolean;
}

/**
 * Returns a connected stream socket of AF_VSOCK (vsock(7)). A blocking connect would take one of Node's four worker threads, so a few
 * connects to an absent enclave would stop name resolution and file access. This function polls instead, because libuv cannot watch a
 * descriptor that still connects.
 *
 * @throws SocketError with the system's code, ABORT_ERR or ERR_VSOCK_UNAVAILABLE. The descriptor is then closed.
 */
export async function connectVsock(
  cid: number,
  port: number,
  { signal, allowHalfOpen }: VsockConnectOptions,
  load: () => Promise<Libc> = libc,
): Promise<Socket> {
  const c = await load();
  tcpWrap();
  const fd = c.socket();
  let handle: TcpHandle;
  try {
    if (!c.connect(fd, cid, port)) await answered(c, fd, signal);
    if (signal.aborted) throw new SocketError('ABORT_ERR', 'connecting was aborted');
    handle = openHandle(fd, 'SOCKET');
  } catch (error) {
    c.close(fd);
    throw error;
  }
  return socketOf(handle, { allowHalfOpen });
}

async function answered(c: Libc, fd: number, signal: AbortSignal): Promise<void> {
  let pauseMs = 1;
  for (let turn = 0; !signal.aborted; turn++) {
    if (c.isSettled(fd)) {
      c.throwPending(fd);
      return;
    }
    if (turn < EAGER_TURNS) await nextTurn();
    else {
      await sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
}

/**
 * Lets the server listen. It then emits `listening` or `error`.
 * @param cid null: any context id
 */
export async function listenVsock(
  server: Server,
  cid: number | null,
  port: number,
  load: () => Promise<Libc> = libc,
): Promise<void> {
  const c = await load();
  tcpWrap();
  const fd = c.socket();
  let handle: TcpHandle;
  try {
    c.bind(fd, cid ?? CID_ANY, port);
    handle = openHandle(fd, 'SERVER');
  } catch (error) {
    c.close(fd);
    throw error;
  }
  try {
    server.listen(handle);
  } catch (error) {
    handle.close();
    throw error;
  }
}
