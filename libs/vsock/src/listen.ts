import { lstat, unlink } from 'node:fs/promises';
import type { Server } from 'node:net';
import { formatAddress, hybridListenPath, type Address } from './address';
import { connect } from './connect';
import { listenVsock } from './linux/vsock';
import { SocketError, systemCode } from './linux/socket-error';

export interface ListenOptions {
  /** Who may connect to the socket file of a unix or hybrid address. 0o600, the default: its owner. 0o660: also its group. */
  readonly unixMode?: 0o600 | 0o660;
}

/**
 * Starts listening, and resolves with the server's real address. Before that, removes the socket file of a process that has ended. Closing
 * the server removes its socket file.
 *
 * On a hybrid address the server listens at the socket file `<path>_<port>`. The vsock device connects to this file when the guest connects
 * to this port of its host (CID 2). So the device needs the same user as the server, or the same group with mode 0660.
 *
 * @example const address = await listen(createServer(handler), parseAddress('unix:/run/communique/enclave.sock'));
 * @throws SocketError with the system's code (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, ...) or `ERR_VSOCK_UNAVAILABLE`
 */
export async function listen(
  server: Server,
  address: Address,
  { unixMode = 0o600 }: ListenOptions = {},
): Promise<Address> {
  const doing = `cannot listen on ${formatAddress(address)}`;
  if (address.kind === 'unix') await removeStaleSocket(address.path);
  if (address.kind === 'hybrid') await removeStaleSocket(hybridListenPath(address));
  const listening = new Promise<void>((resolve, reject) => {
    const onListening = () => {
      server.off('error', onError);
      resolve();
    };
    const onError = (error: Error) => {
      server.off('listening', onListening);
      reject(SocketError.from(error, doing));
    };
    server.once('listening', onListening);
    server.once('error', onError);
    start(server, address, unixMode).catch((error: unknown) => {
      server.off('listening', onListening);
      server.off('error', onError);
      reject(SocketError.from(error, doing));
    });
  });
  await listening;
  if (address.kind !== 'tcp') return address;
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new SocketError('EUNKNOWN', doing);
  return { kind: 'tcp', host: address.host, port: bound.port };
}

async function start(server: Server, address: Address, unixMode: number): Promise<void> {
  switch (address.kind) {
    case 'vsock':
      return listenVsock(server, address.cid, address.port);
    case 'tcp':
      server.listen({ host: address.host, port: address.port });
      return;
    case 'unix':
    case 'hybrid': {
      const path = address.kind === 'unix' ? address.path : hybridListenPath(address);
      // net binds within this call, so this umask applies to the socket file from its creation on
      const before = process.umask(0o777 & ~unixMode);
      try {
        server.listen({ path });
      } finally {
        process.umask(before);
      }
    }
  }
}

/**
 * Removes the socket file of a process that has ended. It keeps every other file and a socket with a listener.
 *
 * @throws SocketError EADDRINUSE
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const file = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw SocketError.from(error, `cannot read the type of ${path}`);
  });
  if (file === undefined) return;
  if (!file.isSocket()) throw new SocketError('EADDRINUSE', `${path} exists and is not a socket`);
  try {
    const socket = await connect({ kind: 'unix', path }, { timeoutMs: 2000 });
    socket.destroy();
  } catch (error) {
    const code = SocketError.from(error, '').code;
    if (code === 'ENOENT') return;
    if (code !== 'ECONNREFUSED')
      throw new SocketError('EADDRINUSE', `cannot connect to ${path} (${code})`, { cause: error });
    await unlink(path).catch(() => undefined); // if another process was faster, our bind fails with EADDRINUSE
    return;
  }
  throw new SocketError('EADDRINUSE', `another process listens on ${path}`);
}
