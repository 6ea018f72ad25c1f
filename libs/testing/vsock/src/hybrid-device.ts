import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A unix socket or a TCP port of this machine, in the form of libs/vsock's `Address`. */
export interface GuestAddress {
  readonly kind: string;
  readonly path?: string;
  readonly host?: string;
  readonly port?: number;
}

export interface HybridDevice {
  /** The real address of each port of the simulated guest. Other ports have no listener. */
  readonly guest: Map<number, GuestAddress>;
  /** The number of requested connections, including refused ones. */
  requests: number;
  /** The device's answer to a request. The default is `OK 1024\n`. */
  answer: string;
  /** Removes the device and cuts every connection, like a kill of the emulator. */
  stop(): Promise<void>;
}

/**
 * Simulates the vsock device of vhost-device-vsock and Firecracker for connections from the host. There is no guest: the device connects to
 * sockets of this machine instead.
 */
export async function startHybridDevice(path: string): Promise<HybridDevice> {
  const open = new Set<Socket>();
  const track = (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
    return socket;
  };
  const server: Server = createServer({ allowHalfOpen: true }, (host) => {
    track(host).once('data', (first: Buffer) => {
      host.pause();
      void forward(host, first);
    });
  });
  const device: HybridDevice = {
    guest: new Map(),
    requests: 0,
    answer: 'OK 1024\n',
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
  async function forward(host: Socket, first: Buffer): Promise<void> {
    device.requests++;
    const [, port] = /^CONNECT ([0-9]+)\n$/.exec(first.toString('latin1')) ?? [];
    const address = device.guest.get(Number(port));
    const guest = address && (await connectTo(address).catch(() => undefined));
    if (guest === undefined) {
      host.destroy();
      return;
    }
    track(guest);
    host.write(device.answer);
    host.pipe(guest).pipe(host);
    host.on('close', () => guest.destroy());
    guest.on('close', () => void (guest.errored && host.destroy()));
  }
  server.listen(path);
  await once(server, 'listening');
  return device;
}

async function connectTo({ path, host, port = 0 }: GuestAddress): Promise<Socket> {
  const target = path === undefined ? { host: host ?? '127.0.0.1', port } : { path };
  const guest = connect({ ...target, allowHalfOpen: true });
  await once(guest, 'connect');
  return guest;
}
