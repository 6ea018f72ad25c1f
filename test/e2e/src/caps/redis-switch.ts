import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * An address of Redis that can switch to another server as a failover does: it cuts all connections, and new ones reach the other server.
 */
export interface RedisSwitch {
  readonly port: number;
  /** @param port 0: every new connection is closed at once */
  point(port: number): void;
  close(): Promise<void>;
}

export async function openRedisSwitch(first: number): Promise<RedisSwitch> {
  let target = first;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((near) => {
    keep(near);
    if (target === 0) {
      near.destroy();
      return;
    }
    const far = keep(connect(target, '127.0.0.1'));
    near.on('close', () => {
      far.destroy();
    });
    far.on('close', () => {
      near.destroy();
    });
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    point(port) {
      target = port;
      cut();
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => {
          closed();
        });
        cut();
      }),
  };
}
