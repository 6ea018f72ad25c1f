import { createServer } from 'node:http';

// This server reads the body, answers 202, and does nothing else. It prints where it listens.
const server = createServer((request, response) => {
  request
    .resume()
    .once('end', () => response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"queued"}'));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`listening ${String(typeof address === 'object' ? address?.port : '')}\n`);
});
