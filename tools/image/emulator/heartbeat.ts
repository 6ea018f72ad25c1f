// Does what nitro-cli does on the parent: waits for the byte 0xB7 on vsock port 9000 and sends it back.
import { listen, parseAddress } from '@communique-tee/vsock';
import { createServer } from 'node:net';

const PORT = 9000;
const BEAT = 0xb7;

export interface Heartbeat {
  /** Resolves at the first heartbeat. */
  readonly beaten: Promise<void>;
  stop(): Promise<void>;
}

/** Answers heartbeats that arrive at the unix socket `<udsPath>_9000`. */
export async function answerHeartbeat(udsPath: string): Promise<Heartbeat> {
  let resolve: () => void = () => undefined;
  const beaten = new Promise<void>((done) => (resolve = done));
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (data) => {
      if (data.length !== 1 || data[0] !== BEAT) {
        socket.destroy();
        return;
      }
      socket.end(data);
      resolve();
    });
  });
  await listen(server, parseAddress(`hybrid:${udsPath}:${PORT}`));
  return { beaten, stop: () => new Promise((done) => server.close(() => done())) };
}
