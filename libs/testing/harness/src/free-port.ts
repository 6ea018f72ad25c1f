import { createServer } from 'node:net';

/**
 * Returns a free TCP port on 127.0.0.1, for servers that do not accept port 0. Another process may take the port before the server does.
 * Then the caller must try again with a new port.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port was given'));
        else resolve(address.port);
      });
    });
  });
}
