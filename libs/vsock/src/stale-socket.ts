import { lstat, unlink } from 'node:fs/promises';
import { connect } from './connect';
import { SocketError, systemCode } from './socket-error';

/**
 * Removes the socket file of a process that is gone. A file of another kind, or a socket that somebody answers on, stays.
 *
 * @throws SocketError EADDRINUSE
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const file = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw SocketError.from(error, `cannot look at ${path}`);
  });
  if (file === undefined) return;
  if (!file.isSocket()) throw new SocketError('EADDRINUSE', `${path} is there and is not a socket`);
  try {
    const socket = await connect({ kind: 'unix', path }, { timeoutMs: 2000 });
    socket.destroy();
  } catch (error) {
    const code = SocketError.from(error, '').code;
    if (code === 'ENOENT') return;
    if (code !== 'ECONNREFUSED')
      throw new SocketError('EADDRINUSE', `${path} cannot be asked (${code})`, { cause: error });
    await unlink(path).catch(() => undefined); // another starter was first; who loses the race sees EADDRINUSE
    return;
  }
  throw new SocketError('EADDRINUSE', `somebody listens on ${path}`);
}
