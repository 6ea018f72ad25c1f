import { connect, type Socket } from 'node:net';
import type { Destination, EgressOptions } from './egress';

/** The machine's own network and name resolution, for development. Rejects with the system's code, ETIMEDOUT or ABORT_ERR. */
export function connectDirectly({ host, port }: Destination, { timeoutMs, signal }: EgressOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(coded('ABORT_ERR'));
    const socket = connect({ host: host.replace(/^\[(.*)\]$/, '$1'), port, noDelay: true });
    const fail = (error: Error): void => {
      settle();
      socket.on('error', () => undefined); // what it says after it was given up concerns nobody
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(coded('ABORT_ERR'));
    const timer = setTimeout(() => fail(coded('ETIMEDOUT')), timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', fail);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('error', fail);
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
  });
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
