import { connect, listen, type Address } from '@communique-tee/vsock';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The destination of a connection, by the name of its route. */
export type Destination = 'house' | 'senate' | 'kms';

/** What the parent does with a connection of the enclave. */
export type EgressAction =
  | 'pass'
  /** The parent closes the connection at once. */
  | 'refuse'
  /** The parent accepts the connection and never answers. */
  | 'silence'
  | {
      /** How long the parent waits before it forwards the connection. */
      readonly delayMs?: number;
      /** The address to which the parent forwards the connection instead, as after a forged DNS answer. */
      readonly to?: { readonly host: string; readonly port: number };
      /** If given, the connection is not forwarded, and the enclave gets these bytes, such as a recording. */
      readonly answer?: Uint8Array;
      /** If given, the parent cuts both sides once this many bytes of the answer have arrived. */
      readonly cutAfterBytes?: number;
    };

/** What the parent sees of one connection. */
export interface EgressConnection {
  readonly to: Destination;
  /** The number of the connection in the order of opening, from 0. */
  readonly number: number;
  /** When the connection opened, in milliseconds of the monotonic clock. */
  readonly openedMs: number;
  closedMs: number | null;
  /** The ciphertext from the enclave. */
  sent: Buffer;
  /** The ciphertext from the destination. */
  received: Buffer;
}

const CONNECT_TIMEOUT_MS = 5_000;

/** The parent's proxies for all routes of an enclave. By default they forward and record every connection. */
export class Egress {
  readonly connections: EgressConnection[] = [];
  /** Called for each connection. It may wait, to delay connections or change their order. */
  rule: (connection: EgressConnection) => EgressAction | Promise<EgressAction> = () => 'pass';
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();

  /** @param vsock path of the vsock device's socket: the enclave's connections to port N arrive at `<vsock>_<N>` */
  async open(
    vsock: string,
    routes: readonly { readonly name: Destination; readonly vsockPort: number; readonly far: Address }[],
  ): Promise<void> {
    for (const { name, vsockPort, far } of routes) {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        void this.take(socket, name, far);
      });
      this.servers.push(server);
      await listen(server, { kind: 'hybrid', path: vsock, port: vsockPort });
    }
  }

  /** Returns the connections to one destination. */
  to(name: Destination): EgressConnection[] {
    return this.connections.filter(({ to }) => to === name);
  }

  /** Ends every connection that is open now. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    for (const server of this.servers) {
      server.close();
      await once(server, 'close');
    }
  }

  private async take(enclave: Socket, to: Destination, far: Address): Promise<void> {
    const connection: EgressConnection = {
      to,
      number: this.connections.length,
      openedMs: performance.now(),
      closedMs: null,
      sent: Buffer.alloc(0),
      received: Buffer.alloc(0),
    };
    this.connections.push(connection);
    this.track(enclave).on('close', () => (connection.closedMs = performance.now()));
    enclave.on('data', (bytes: Buffer) => (connection.sent = Buffer.concat([connection.sent, bytes]))).pause();
    const decided = await this.rule(connection);
    if (decided === 'refuse') return void enclave.destroy();
    if (decided === 'silence') return void enclave.resume();
    const action = decided === 'pass' ? {} : decided;
    if (action.delayMs !== undefined) await sleep(action.delayMs);
    if (action.answer !== undefined) {
      enclave.resume();
      return void enclave.end(action.answer);
    }
    const target: Address = action.to ? { kind: 'tcp', ...action.to } : far;
    const socket = await connect(target, { timeoutMs: CONNECT_TIMEOUT_MS, allowHalfOpen: true }).catch(() => null);
    if (socket === null) return void enclave.destroy();
    this.track(socket);
    socket.on('data', (bytes: Buffer) => {
      connection.received = Buffer.concat([connection.received, bytes]);
      if (action.cutAfterBytes === undefined || connection.received.length < action.cutAfterBytes) return;
      enclave.destroy();
      socket.destroy();
    });
    enclave.pipe(socket).pipe(enclave);
    enclave.on('close', () => socket.destroy());
    socket.on('close', () => enclave.destroy());
  }

  private track(socket: Socket): Socket {
    this.sockets.add(socket);
    return socket.on('close', () => this.sockets.delete(socket)).on('error', () => socket.destroy());
  }
}
