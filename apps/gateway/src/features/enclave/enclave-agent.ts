import { Agent, type AgentOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect, type Address } from '@communique-tee/vsock';

/** Long enough to learn that the peer refuses or is absent: the kernel gives up a vsock connect after 2 s. */
const CONNECT_TIMEOUT_MS = 5000;
export const MAX_SOCKETS = 64;
/** The most relays to one enclave at once. The other connections are for tasks, health, attestation and keys. */
export const MAX_RELAYS = MAX_SOCKETS / 2;
const MAX_IDLE_SOCKETS = 8;

/** Keep-alive connections over any kind of address (TCP, vsock, Unix socket). A request gets a socket only when the socket is connected. */
export class EnclaveAgent extends Agent {
  constructor(private readonly address: Address) {
    super({
      keepAlive: true,
      maxSockets: MAX_SOCKETS,
      maxFreeSockets: MAX_IDLE_SOCKETS,
      scheduling: 'lifo',
    } satisfies AgentOptions);
  }

  override createConnection(_options: object, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    connect(this.address, { timeoutMs: CONNECT_TIMEOUT_MS }).then(
      (socket) => callback?.(null, socket),
      (error: unknown) => {
        // Node passes only the error; its types require a stream too.
        (callback as ((error: unknown) => void) | undefined)?.(error);
      },
    );
    return undefined;
  }
}
