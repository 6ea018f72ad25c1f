import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import * as koffi from 'koffi';
import { describeWith, freePort, startSilentPort, type Availability } from '@communique-tee/testing/harness';
import { connect, listen, type Address } from '..';
import { openSockets } from '@communique-tee/testing/vsock';
import { loopbackLibc } from './loopback-family';
import { tcpWrap } from './node-internals';
import { connectVsock } from './vsock';

function vsockAvailability(): Availability {
  if (process.platform !== 'linux') return { available: false, reason: `no AF_VSOCK on ${process.platform}` };
  const c = koffi.load('libc.so.6');
  const fd: unknown = c.func('int socket(int, int, int)')(40, 1, 0);
  if (typeof fd !== 'number' || fd < 0) return { available: false, reason: 'this kernel gives no AF_VSOCK socket' };
  c.func('int close(int)')(fd);
  return { available: true };
}

const linux: Availability =
  process.platform === 'linux' ? { available: true } : { available: false, reason: 'descriptors are counted in /proc' };
const anyPort = (): Address => ({ kind: 'vsock', cid: null, port: randomInt(1 << 20, 2 ** 31) });

describe('the internals of Node that vsock needs', () => {
  it('exist in this version of Node', () => {
    expect(tcpWrap()).toBeDefined();
  });

  const constants = { SOCKET: 0, SERVER: 1 };
  class Handle {
    open() {
      return 0;
    }
  }
  it.each<[string, object]>([
    ['no process.binding', {}],
    [
      'a process.binding that throws',
      {
        binding: () => {
          throw new Error('No such binding');
        },
      },
    ],
    ['no TCP', { binding: () => ({ constants }) }],
    ['a TCP without open', { binding: () => ({ TCP: class {}, constants }) }],
    ['no constants', { binding: () => ({ TCP: Handle }) }],
  ])('are reported as missing if there is %s', (_what, holder) => {
    expect(() => tcpWrap(holder)).toThrow(
      expect.objectContaining({
        code: 'ERR_VSOCK_UNAVAILABLE',
        message: expect.stringContaining(process.version) as string,
      }),
    );
  });
});

describeWith(linux, 'connecting by our own descriptor', () => {
  const noDelay = { allowHalfOpen: false };

  it('fails with ECONNREFUSED if no server listens', async () => {
    const { signal } = new AbortController();
    await expect(connectVsock(1, await freePort(), { signal, ...noDelay }, loopbackLibc)).rejects.toMatchObject({
      name: 'SocketError',
      code: 'ECONNREFUSED',
    });
  });

  // A thousand waiting connections occupy no worker thread, so Node can still read files
  it('holds only a descriptor while it waits, and none after an abort', async () => {
    await using silent = await startSilentPort();
    const before = openSockets();
    const controller = new AbortController();
    const waiting = Array.from({ length: 1000 }, () =>
      connectVsock(1, silent.port, { signal: controller.signal, ...noDelay }, loopbackLibc).then(
        (socket) => socket.destroy(),
        (error: unknown) => error,
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    await Promise.all(Array.from({ length: 20 }, () => readFile(__filename)));
    controller.abort();
    await Promise.all(waiting);
    for (let round = 0; round < 600 && openSockets() > before; round++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(openSockets()).toBeLessThanOrEqual(before);
  });
});

// Bytes over vsock need a peer, such as the emulated enclave. A kernel without vsock_loopback has none.
describeWith(vsockAvailability(), 'vsock', () => {
  it('listens on any context id, closes, and can listen again', async () => {
    const address = anyPort();
    for (let round = 0; round < 2; round++) {
      const server = createServer();
      expect(await listen(server, address)).toEqual(address);
      expect(server.listening).toBe(true);
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('fails with EADDRINUSE for a port that is taken', async () => {
    const address = anyPort();
    const server = createServer();
    await listen(server, address);
    try {
      await expect(listen(createServer(), address)).rejects.toMatchObject({ name: 'SocketError', code: 'EADDRINUSE' });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('fails with EADDRNOTAVAIL for the context id of another machine', async () => {
    await expect(listen(createServer(), { kind: 'vsock', cid: 77_777, port: 5000 })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    });
  });

  it('refuses a server that already listens', async () => {
    const server = createServer();
    await listen(server, anyPort());
    try {
      await expect(listen(server, anyPort())).rejects.toMatchObject({ code: 'ERR_SERVER_ALREADY_LISTEN' });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('fails with the system’s code if there is no peer', async () => {
    await expect(connect({ kind: 'vsock', cid: 77_777, port: 5000 }, { timeoutMs: 10_000 })).rejects.toMatchObject({
      name: 'SocketError',
      code: expect.stringMatching(/^(ETIMEDOUT|ECONNRESET|ENODEV|ENETUNREACH|EHOSTUNREACH)$/) as string,
    });
  });

  it('fails after an abort or its time limit, and leaves no descriptor', async () => {
    const before = openSockets();
    const controller = new AbortController();
    const aborted = connect({ kind: 'vsock', cid: 77_777, port: 5000 }, { timeoutMs: 3000, signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'ABORT_ERR' });
    await expect(connect({ kind: 'vsock', cid: 77_777, port: 5000 }, { timeoutMs: 50 })).rejects.toMatchObject({
      name: 'SocketError',
    });
    for (let round = 0; round < 600 && openSockets() > before; round++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(openSockets()).toBeLessThanOrEqual(before);
  });
});
