import { createServer, type Socket } from 'node:net';
import { answerTemplate } from './relay-answer';

// This server takes the place of an enclave. It returns each sealed message as the ciphertext of a relay answer, cut to the size that an
// answer may have. It reads only the length from the HTTP head, so that it adds little to what is measured. It prints its port.
const HEAD_END = Buffer.from('\r\n\r\n');

const server = createServer((socket) => {
  socket.setNoDelay(true);
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (let taken = takeRequest(pending); taken !== undefined; taken = takeRequest(pending)) {
      respond(socket, taken.body);
      pending = taken.rest;
    }
  });
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`listening ${String(typeof address === 'object' ? address?.port : '')}\n`);
});

function takeRequest(bytes: Buffer): { readonly body: Buffer; readonly rest: Buffer } | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const length = Number(/^content-length: *([0-9]+)\r?$/im.exec(bytes.toString('latin1', 0, headEnd))?.[1] ?? 0);
  const from = headEnd + HEAD_END.length;
  return bytes.length < from + length
    ? undefined
    : { body: bytes.subarray(from, from + length), rest: bytes.subarray(from + length) };
}

function respond(socket: Socket, body: Buffer): void {
  const { bytes, at, room } = answerTemplate(body.length);
  const answer = Buffer.from(bytes);
  body.copy(answer, at, 0, room);
  socket.cork();
  socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/cbor\r\ncontent-length: ${String(answer.length)}\r\n\r\n`);
  socket.write(answer);
  socket.uncork();
}
