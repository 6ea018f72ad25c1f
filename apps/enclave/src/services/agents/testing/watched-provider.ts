import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What the parent sees of one connection to a provider. */
export interface WatchedConnection {
  /** When the connection opened, in milliseconds of the monotonic clock. */
  readonly openedMs: number;
  sentBytes: number;
  /** Sizes of the TLS records that the enclave sent, in order (RFC 8446 section 5.1). */
  readonly records: number[];
}

/** The parent's proxy in front of a provider. It records what it forwards, and can stop forwarding. */
export interface WatchedProvider {
  readonly origin: string;
  readonly connections: WatchedConnection[];
  /** While true, the proxy accepts new connections and forwards none of their bytes. It still forwards older connections. */
  isSilent: boolean;
  close(): Promise<void>;
}

export async function watchProvider(port: number): Promise<WatchedProvider> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const server = createServer((enclave) => {
    const seen: WatchedConnection = { openedMs: performance.now(), sentBytes: 0, records: [] };
    watched.connections.push(seen);
    track(enclave);
    if (watched.isSilent) return;
    const far = track(connect(port, 'localhost'));
    const stream: Buffer[] = [];
    enclave.on('data', (bytes: Buffer) => {
      seen.sentBytes += bytes.length;
      stream.push(bytes);
      const { records, rest } = recordsIn(Buffer.concat(stream));
      seen.records.push(...records);
      stream.splice(0, Infinity, rest);
    });
    enclave.pipe(far).pipe(enclave);
    enclave.on('close', () => far.destroy());
    far.on('close', () => enclave.end());
  });
  await new Promise<void>((listening) => server.listen(0, 'localhost', listening));
  const watched: WatchedProvider = {
    origin: `https://localhost:${String((server.address() as AddressInfo).port)}`,
    connections: [],
    isSilent: false,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
  return watched;
}

function recordsIn(stream: Buffer): { records: number[]; rest: Buffer } {
  const records: number[] = [];
  let at = 0;
  while (stream.length >= at + 5 && stream.length >= at + 5 + stream.readUInt16BE(at + 3)) {
    const length = 5 + stream.readUInt16BE(at + 3);
    records.push(length);
    at += length;
  }
  return { records, rest: stream.subarray(at) };
}
