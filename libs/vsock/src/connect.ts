import type { Socket } from 'node:net';
import { AddressError, formatAddress, type Address } from './address';
import { connectVsock } from './linux/vsock';
import { SocketError } from './linux/socket-error';
import { requestPort } from './hybrid';
import { connectNet } from './net';

export interface ConnectOptions {
  /** How long connecting may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Keeps our side open after the other side has ended. By default our side ends too. */
  readonly allowHalfOpen?: boolean;
}

/**
 * Returns a connected socket. The caller then owns the socket and must handle its errors.
 *
 * @example const socket = await connect(parseAddress('vsock:16:5000'), { timeoutMs: 2000 });
 * @throws SocketError with the system's code, `ETIMEDOUT` after `timeoutMs`, `ABORT_ERR`, `ERR_VSOCK_UNAVAILABLE`. A hybrid address adds
 * `ECONNREFUSED` (the guest has no listener) and `EPROTO` (the socket is not a vsock device's).
 * @throws AddressError ERR_ADDRESS_CID for a vsock address that names no context id
 */
export async function connect(
  address: Address,
  { timeoutMs, signal, allowHalfOpen = false }: ConnectOptions,
): Promise<Socket> {
  const text = formatAddress(address);
  const open = opener(address, allowHalfOpen);
  if (signal?.aborted) throw new SocketError('ABORT_ERR', `connecting to ${text} was aborted`);

  const ending = new AbortController();
  return new Promise((resolve, reject) => {
    const giveUp = (error: SocketError) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      ending.abort();
      reject(error);
    };
    const onAbort = () => giveUp(new SocketError('ABORT_ERR', `connecting to ${text} was aborted`));
    const timer = setTimeout(
      () => giveUp(new SocketError('ETIMEDOUT', `${text} did not answer in ${timeoutMs} ms`)),
      timeoutMs,
    );
    signal?.addEventListener('abort', onAbort, { once: true });

    open(ending.signal).then(
      (socket) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        if (ending.signal.aborted) socket.destroy();
        else resolve(socket);
      },
      (error: unknown) => giveUp(SocketError.from(error, `cannot connect to ${text}`)),
    );
  });
}

function opener(address: Address, allowHalfOpen: boolean): (signal: AbortSignal) => Promise<Socket> {
  switch (address.kind) {
    case 'vsock': {
      const { cid, port } = address;
      if (cid === null)
        throw new AddressError('ERR_ADDRESS_CID', 'a context id is needed to connect: vsock:<cid>:<port>');
      return (signal) => connectVsock(cid, port, { signal, allowHalfOpen });
    }
    case 'hybrid':
      return async (signal) =>
        requestPort(await connectNet({ path: address.path, allowHalfOpen }, signal), address.port, signal);
    case 'unix':
      return (signal) => connectNet({ path: address.path, allowHalfOpen }, signal);
    case 'tcp':
      return (signal) => connectNet({ host: address.host, port: address.port, noDelay: true, allowHalfOpen }, signal);
  }
}
