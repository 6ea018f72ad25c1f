import { NsmError, type NsmTransport } from '@communique-tee/nsm';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const MAX_REQUEST_BYTES = 0x1000;
const MAX_ANSWER_BYTES = 0x3000;

export interface ServedNsm {
  close(): Promise<void>;
}

/**
 * Serves an NSM to an enclave that runs as another process. Each request is one connection, on which each side sends its bytes and ends.
 * The serving process determines the attested time, and can send wrong answers.
 *
 * @param path the path of a unix socket, at most 107 bytes
 */
export async function serveNsm(transport: NsmTransport, path: string): Promise<ServedNsm> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    void (async () => {
      try {
        socket.end(await transport.request(await readAll(socket, MAX_REQUEST_BYTES)));
      } catch {
        socket.destroy();
      }
    })();
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

/** Returns a transport to the socket of `serveNsm`. Requests without an answer reject with ERR_NSM_DEVICE. */
export function connectNsm(path: string): NsmTransport {
  return {
    request: (bytes) =>
      new Promise((resolve, reject) => {
        const fail = (cause: unknown) =>
          reject(new NsmError('ERR_NSM_DEVICE', 'the NSM’s socket did not answer', cause));
        const socket = connect({ path, allowHalfOpen: true });
        socket.once('error', fail);
        socket.end(bytes);
        readAll(socket, MAX_ANSWER_BYTES).then((answer) => {
          if (answer.length === 0) fail(new Error('no answer'));
          else resolve(answer);
        }, fail);
      }),
    close: () => Promise.resolve(),
  };
}

async function readAll(socket: AsyncIterable<Buffer>, limit: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of socket) {
    length += chunk.length;
    if (length > limit) throw new RangeError(`more than ${String(limit)} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
