import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { describeWith, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { connect, listen, type Address, type ConnectOptions } from '.';
import { connectVsock, listenVsock } from './linux/vsock';
import { openSockets } from '@communique-tee/testing/vsock';
import { startHybridDevice, type HybridDevice } from '@communique-tee/testing/vsock';
import { loopbackLibc } from './linux/loopback-family';

/** The number of connections. A full run sets `VSOCK_LEAK_CONNECTIONS=100000`. */
const CONNECTIONS = Number(process.env['VSOCK_LEAK_CONNECTIONS'] ?? 600);
const CONCURRENT = 50;

interface Way {
  open(options?: Partial<ConnectOptions>): Promise<Socket>;
  close(): Promise<void>;
}

const closing = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()));

/** One function for each kind of connection to a server of the test. */
const WAYS: Record<string, (server: Server, folder: TemporaryFolder) => Promise<Way>> = {
  async tcp(server) {
    const address = await listen(server, { kind: 'tcp', host: '127.0.0.1', port: 0 });
    return { open: (options) => connect(address, { timeoutMs: 20_000, ...options }), close: () => closing(server) };
  },
  async unix(server, folder) {
    const address = await listen(server, { kind: 'unix', path: folder.file('s') });
    return { open: (options) => connect(address, { timeoutMs: 20_000, ...options }), close: () => closing(server) };
  },
  async hybrid(server, folder) {
    const device: HybridDevice = await startHybridDevice(folder.file('vm'));
    device.guest.set(5000, await listen(server, { kind: 'unix', path: folder.file('s') }));
    const address: Address = { kind: 'hybrid', path: folder.file('vm'), port: 5000 };
    return {
      open: (options) => connect(address, { timeoutMs: 20_000, ...options }),
      async close() {
        await device.stop();
        await closing(server);
      },
    };
  },
  // Runs the code for AF_VSOCK, which makes descriptors and passes handles to net, with loopback TCP as its address family.
  async 'the handles of vsock'(server) {
    const listening = once(server, 'listening');
    await listenVsock(server, null, 0, loopbackLibc);
    await listening;
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const signal = new AbortController().signal;
    return {
      open: ({ allowHalfOpen = false } = {}) => connectVsock(1, port, { signal, allowHalfOpen }, loopbackLibc),
      close: () => closing(server),
    };
  },
};

const linux = { available: process.platform === 'linux', reason: 'descriptors are counted in /proc' } as const;

describeWith(linux, 'a connection', () => {
  let folder: TemporaryFolder;
  let server: Server;
  let way: Way;
  let before: number;

  describe.each(Object.keys(WAYS))('over %s', (name) => {
    beforeEach(async () => {
      before = openSockets();
      folder = await temporaryFolder();
      server = createServer({ allowHalfOpen: true });
      way = await (WAYS[name] as (typeof WAYS)[string])(server, folder);
    });
    afterEach(async () => {
      await way.close();
      await folder.remove();
      for (let round = 0; round < 200 && openSockets() > before; round++)
        await new Promise((resolve) => setTimeout(resolve, 10));
      expect(openSockets()).toBeLessThanOrEqual(before);
    });
    const pair = async (options?: Partial<ConnectOptions>): Promise<[Socket, Socket]> => {
      const accepted = once(server, 'connection') as Promise<[Socket]>;
      const socket = await way.open(options);
      return [socket, (await accepted)[0]];
    };

    it('stays open for reading after our side ends', async () => {
      const [ours, theirs] = await pair({ allowHalfOpen: true });
      ours.end('question');
      expect((await theirs.setEncoding('utf8').toArray()).join('')).toBe('question');
      theirs.write('answer one, ');
      setTimeout(() => theirs.end('answer two'), 20);
      expect((await ours.setEncoding('utf8').toArray()).join('')).toBe('answer one, answer two');
    });

    it('stays open for writing after the other side ends', async () => {
      const [ours, theirs] = await pair({ allowHalfOpen: true });
      theirs.end('greeting');
      expect((await ours.setEncoding('utf8').toArray()).join('')).toBe('greeting');
      expect(ours.writable).toBe(true);
      ours.write('late ');
      setTimeout(() => ours.end('words'), 20);
      expect((await theirs.setEncoding('utf8').toArray()).join('')).toBe('late words');
    });

    it('ends with the other side unless allowHalfOpen is set', async () => {
      const [ours, theirs] = await pair();
      theirs.end('bye');
      expect((await ours.setEncoding('utf8').toArray()).join('')).toBe('bye');
      theirs.resume();
      await once(theirs, 'close');
      expect(ours.destroyed).toBe(true);
    });

    it('stops the writer while the reader is slow', async () => {
      const [ours, theirs] = await pair();
      theirs.pause();
      const chunk = new Uint8Array(64 * 1024).fill(7);
      const total = 64 * 1024 * 1024;
      let written = 0;
      // When write() has returned false for 200 ms, every buffer is full
      for (let full = false; !full && written < total;) {
        for (let room = true; room && written < total; written += chunk.length) room = ours.write(chunk);
        full = await Promise.race([
          once(ours, 'drain').then(() => false),
          new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 200)),
        ]);
      }
      expect(written).toBeLessThan(total / 2);
      expect(ours.writableLength).toBeLessThan(1024 * 1024);
      expect(theirs.readableLength).toBeLessThan(1024 * 1024);
      let received = 0;
      theirs.on('data', (data: Buffer) => (received += data.length)).resume();
      ours.end();
      await once(theirs, 'end');
      expect(received).toBe(written);
      theirs.end();
    });

    it('closes for the writer after the reader has closed, with the system’s error code if a write failed', async () => {
      const [ours, theirs] = await pair();
      theirs.destroy();
      const failed = once(ours, 'close').then(
        () => 'closed',
        (error: unknown) => error,
      );
      const write = () => {
        if (!ours.destroyed) ours.write(new Uint8Array(65_536), () => setImmediate(write));
      };
      write();
      const outcome = await failed;
      if (outcome !== 'closed')
        expect(outcome).toMatchObject({ code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) as string });
    });

    it(`leaves no descriptor after ${CONNECTIONS} connections`, async () => {
      server.on('connection', (socket) => {
        socket.on('error', () => undefined);
        socket.pipe(socket);
      });
      const peak = before + 4 * CONCURRENT + 20;
      let next = 0;
      const worker = async () => {
        for (let turn = next++; turn < CONNECTIONS; turn = next++) {
          const socket = await way.open();
          socket.on('error', () => undefined);
          if (turn % 3 === 0) socket.destroy();
          else {
            socket.end('x');
            for await (const chunk of socket) expect((chunk as Buffer).length).toBe(1);
          }
          if (turn % 100 === 0) expect(openSockets()).toBeLessThan(peak);
        }
      };
      await Promise.all(Array.from({ length: CONCURRENT }, worker));
    }, 1_200_000);
  });
});
