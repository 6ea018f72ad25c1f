import { connect, type Socket } from 'node:net';

/**
 * How long Node tries one of several addresses before it gives up and tries the next (RFC 8305 section 5 suggests 250 ms; a distant
 * destination may need more).
 */
const ATTEMPT_MS = 500;

/**
 * Resolves the name with getaddrinfo, and tries IPv6 and IPv4 addresses alternately, one at a time (unlike RFC 8305). `timeoutMs` limits
 * both steps together. Rejects with the system's error code, ETIMEDOUT or ABORT_ERR, and then leaves no socket open.
 */
export function connectDestination(
  host: string,
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      noDelay: true,
      allowHalfOpen: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    });
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', fail);
    };
    const fail = (error: Error) => {
      settle();
      socket.on('error', () => undefined); // errors after the attempt was abandoned do not matter
      socket.destroy();
      reject(error); // if all of several addresses failed, the code is that of the first
    };
    const onAbort = () => fail(Object.assign(new Error('given up'), { code: 'ABORT_ERR' }));
    const timer = setTimeout(() => fail(Object.assign(new Error('not in time'), { code: 'ETIMEDOUT' })), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', fail);
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
  });
}
