import type { Server, Socket } from 'node:net';
import { SocketError } from '../socket-error';
import { libc } from './libc';
import { openHandle, socketOf, tcpWrap, type TcpHandle } from './node-internals';

const CID_ANY = 0xffff_ffff;

/**
 * A connected stream socket of AF_VSOCK (vsock(7)). The kernel itself gives up after 2 seconds.
 * The caller's wish to stop is seen when the kernel has answered: the descriptor cannot be closed under the thread that waits on it.
 */
export async function connectVsock(cid: number, port: number, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  const c = await libc();
  tcpWrap();
  const fd = c.socket();
  let handle: TcpHandle;
  try {
    if (!c.connect(fd, cid, port)) {
      const answered = await c.waitWritable(fd, timeoutMs);
      if (!answered) throw new SocketError('ETIMEDOUT', `vsock:${cid}:${port} did not answer in ${timeoutMs} ms`);
      c.throwPending(fd);
    }
    if (signal.aborted) throw new SocketError('ABORT_ERR', 'connecting was given up');
    handle = openHandle(fd, 'SOCKET');
  } catch (error) {
    c.close(fd);
    throw error;
  }
  return socketOf(handle);
}

/** Binds (any context id where none is given) and hands the descriptor to the server, whose `listening` or `error` follows. */
export async function listenVsock(server: Server, cid: number | null, port: number): Promise<void> {
  const c = await libc();
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
