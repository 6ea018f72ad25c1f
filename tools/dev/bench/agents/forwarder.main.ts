import { readFileSync } from 'node:fs';
import { createServer, request as plain } from 'node:http';
import { request as secure } from 'node:https';

// Forwards each body to the URL in the first argument, and returns the answer. The second argument is a file with the certificate authority
// to trust.
const [target = '', authorityFile] = process.argv.slice(2);
const ca = authorityFile === undefined ? undefined : readFileSync(authorityFile);
const server = createServer((incoming, outgoing) => {
  void incoming.toArray().then((chunks: Buffer[]) => {
    const { host: _host, connection: _connection, ...headers } = incoming.headers;
    const options = { method: 'POST', headers, agent: false } as const;
    const passed = target.startsWith('https:') ? secure(target, { ...options, ca }) : plain(target, options);
    passed.once('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, { 'content-type': 'application/json' });
      answer.pipe(outgoing);
    });
    passed.once('error', () => outgoing.writeHead(502).end());
    passed.end(Buffer.concat(chunks));
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`listening ${String(typeof address === 'object' ? address?.port : '')}\n`);
});
