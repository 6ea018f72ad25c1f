import { CHAMBER_KEYS, forEachChamber, type Chamber } from '@communique-tee/protocol';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What the parent sees of one connection of the enclave. */
export interface SeenConnection {
  readonly to: Chamber;
  /** When the connection opened, in milliseconds of the monotonic clock. */
  readonly openedMs: number;
  closedMs: number | null;
  sentBytes: number;
  receivedBytes: number;
}

/** How the parent treats a connection: forwards it at once, holds it back for some milliseconds, or cuts it. */
export type Treatment = 'pass' | 'cut' | { readonly holdMs: number };

/** The parent's proxies in front of the chambers. They record every connection and treat each by a rule. */
export class WatchedEgress {
  readonly connections: SeenConnection[] = [];
  rule: (connection: SeenConnection) => Treatment = () => 'pass';
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();

  /** @returns the origins of the proxies, to be configured in place of the chambers' own */
  async open(origins: Readonly<Record<Chamber, string>>): Promise<Record<Chamber, string>> {
    const ports = new Map<Chamber, number>();
    for (const chamber of CHAMBER_KEYS) {
      const server = createServer((socket) => this.take(socket, chamber, Number(new URL(origins[chamber]).port)));
      this.servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
      ports.set(chamber, (server.address() as AddressInfo).port);
    }
    return forEachChamber((chamber) => `https://localhost:${String(ports.get(chamber))}`);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  private take(enclave: Socket, to: Chamber, port: number): void {
    const seen: SeenConnection = { to, openedMs: performance.now(), closedMs: null, sentBytes: 0, receivedBytes: 0 };
    this.connections.push(seen);
    this.track(enclave).on('close', () => (seen.closedMs = performance.now()));
    const treatment = this.rule(seen);
    if (treatment === 'cut') return void enclave.destroy();
    const pass = (): void => {
      if (enclave.destroyed) return;
      const far = this.track(connect(port, 'localhost'));
      enclave.on('data', (bytes) => (seen.sentBytes += bytes.length)).pipe(far);
      far.on('data', (bytes) => (seen.receivedBytes += bytes.length)).pipe(enclave);
      enclave.on('close', () => far.destroy());
      far.on('close', () => enclave.end());
    };
    if (treatment === 'pass') pass();
    else setTimeout(pass, treatment.holdMs);
  }

  private track(socket: Socket): Socket {
    this.sockets.add(socket);
    return socket.on('close', () => this.sockets.delete(socket)).on('error', () => socket.destroy());
  }
}
