import { connect as netConnect, type Socket } from 'node:net';
import { AddressError } from '../address/address-error';
import { formatAddress } from '../address/format-address';
import type { Address, TcpAddress, UnixAddress } from '../address/parse-address';
import { connectVsock } from '../linux/vsock';
import { SocketError } from '../socket-error';

export interface ConnectOptions {
  /** How long connecting may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * A connected socket; from then on it is the caller's, errors included. Nothing of the caller's has been written to it.
 *
 * @example const socket = await connect(parseAddress('vsock:16:5000'), { timeoutMs: 2000 });
 * @throws SocketError by the system's code, `ETIMEDOUT` after `timeoutMs`, `ABORT_ERR`, `ERR_VSOCK_UNAVAILABLE`
 * @throws AddressError ERR_ADDRESS_CID for a vsock address that names no context id
 */
export async function connect(address: Address, { timeoutMs, signal }: ConnectOptions): Promise<Socket> {
  const text = formatAddress(address);
  const open = opener(address, timeoutMs);
  if (signal?.aborted) throw new SocketError('ABORT_ERR', `connecting to ${text} was given up`);

  const ending = new AbortController();
  return new Promise((resolve, reject) => {
    const giveUp = (error: SocketError) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      ending.abort();
      reject(error);
    };
    const onAbort = () => giveUp(new SocketError('ABORT_ERR', `connecting to ${text} was given up`));
    const timer = setTimeout(() => giveUp(new SocketError('ETIMEDOUT', `${text} did not answer in ${timeoutMs} ms`)), timeoutMs);
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

function opener(address: Address, timeoutMs: number): (signal: AbortSignal) => Promise<Socket> {
  if (address.kind !== 'vsock') return (signal) => connectNet(address, signal);
  const { cid, port } = address;
  if (cid === null) throw new AddressError('ERR_ADDRESS_CID', 'a context id is needed to connect: vsock:<cid>:<port>');
  return (signal) => connectVsock(cid, port, timeoutMs, signal);
}

function connectNet(address: UnixAddress | TcpAddress, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = netConnect(netOptions(address));
    const onAbort = () => socket.destroy();
    const settle = () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
    };
    const onError = (error: Error) => {
      settle();
      socket.destroy();
      reject(error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
  });
}

function netOptions(address: UnixAddress | TcpAddress): { path: string } | { host: string; port: number; noDelay: true } {
  return address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port, noDelay: true };
}
