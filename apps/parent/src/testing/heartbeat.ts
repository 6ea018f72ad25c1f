import { listen, type Address } from '@communique-tee/vsock';
import { createServer, type Server, type Socket } from 'node:net';

const HEARTBEAT = 0xb7;
const TIMEOUT_MS = 5000;
const MAX_CONNECTIONS = 8;

export interface Heartbeat {
  readonly address: Address;
  /** How many enclaves have said that they are up. */
  readonly beats: number;
  close(): Promise<void>;
}

/**
 * What nitro-cli does on real hardware while it starts an enclave, for emulated ones: the enclave's init sends one byte 0xB7 to its
 * parent's port 9000 and expects it back (the init of aws-nitro-enclaves-sdk-bootstrap). Not part of the production bundle.
 */
export async function startHeartbeat(address: Address, onBeat: () => void = () => undefined): Promise<Heartbeat> {
  let beats = 0;
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    socket.on('close', () => open.delete(socket)).on('error', () => undefined);
    socket.once('data', (data: Buffer) => {
      if (data.length !== 1 || data[0] !== HEARTBEAT) {
        socket.destroy();
        return;
      }
      beats++;
      socket.end(data);
      onBeat();
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  const bound = await listen(server, address, { unixMode: 0o660 });
  return {
    address: bound,
    get beats() {
      return beats;
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      return closed;
    },
  };
}
