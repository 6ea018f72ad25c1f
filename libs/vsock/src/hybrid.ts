import type { Socket } from 'node:net';
import { SocketError } from './linux/socket-error';

/** An answer is "OK ", a port of at most ten digits, and a newline. */
const MAX_ANSWER_BYTES = 14;
const NEWLINE = 0x0a;

/**
 * Asks the vsock device of an emulated enclave for a connection to a port in the guest. `socket` is connected to the device's unix socket.
 * The request is `CONNECT <port>\n` and the answer `OK <the port on our side>\n` (Firecracker's docs/vsock.md, "Host-Initiated
 * Connections"; vhost-device-vsock does the same). If the guest has no listener, the device closes without an answer. Bytes that the guest
 * sends after the answer stay unread in the socket. Every failure destroys the socket.
 *
 * @throws SocketError ECONNREFUSED (closed before the answer), EPROTO (another answer), ABORT_ERR, or the system's code
 */
export function requestPort(socket: Socket, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const settle = () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('readable', onReadable).off('end', onEnd).off('error', onError).off('close', onEnd);
    };
    const fail = (error: unknown) => {
      settle();
      socket.on('error', () => undefined); // ignores errors after the attempt has failed
      socket.destroy();
      reject(SocketError.from(error, 'the vsock device failed'));
    };
    const onAbort = () => fail(new SocketError('ABORT_ERR', 'connecting was aborted'));
    const onEnd = () =>
      fail(new SocketError('ECONNREFUSED', `the vsock device closed: no program listens on port ${port} in the guest`));
    // A device that closes the connection before it reads our request causes a reset
    const onError = (error: Error) =>
      fail(['ECONNRESET', 'EPIPE'].includes(SocketError.from(error, '').code) ? refused(port, error) : error);
    const onReadable = () => {
      for (let chunk = read(socket); chunk !== null; chunk = read(socket)) {
        answer = Buffer.concat([answer, chunk]);
        const end = answer.indexOf(NEWLINE);
        if (end < 0 ? answer.length < MAX_ANSWER_BYTES : false) continue;
        if (!/^OK (0|[1-9][0-9]{0,9})$/.test(answer.toString('latin1', 0, Math.max(end, 0)))) {
          fail(new SocketError('EPROTO', 'not the answer of a vsock device'));
          return;
        }
        settle();
        const rest = answer.subarray(end + 1);
        if (rest.length > 0) socket.unshift(rest);
        resolve(socket);
        return;
      }
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('readable', onReadable).once('end', onEnd).once('error', onError).once('close', onEnd);
    socket.write(`CONNECT ${port}\n`);
  });
}

function refused(port: number, cause: Error): SocketError {
  return new SocketError('ECONNREFUSED', `the vsock device closed: no program listens on port ${port} in the guest`, {
    cause,
  });
}

function read(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null;
}
