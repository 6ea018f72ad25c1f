import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { connect, listen, type Address, type HybridAddress } from '.';
import { startHybridDevice, type HybridDevice } from '@communique-tee/testing/vsock';

const text = async (socket: Socket) => (await socket.setEncoding('utf8').toArray()).join('');

describe('a hybrid address', () => {
  let folder: TemporaryFolder;
  let device: HybridDevice;
  let guest: Server;
  let address: HybridAddress;
  let unhandled: unknown[];
  const note = (error: unknown) => unhandled.push(error);

  beforeEach(async () => {
    unhandled = [];
    process.on('uncaughtException', note);
    folder = await temporaryFolder();
    address = { kind: 'hybrid', path: folder.file('vm.vsock'), port: 5000 };
    device = await startHybridDevice(address.path);
    guest = createServer((socket) => socket.on('error', () => undefined));
    device.guest.set(5000, await listen(guest, { kind: 'tcp', host: '127.0.0.1', port: 0 }));
  });
  afterEach(async () => {
    await device.stop();
    await new Promise((resolve) => guest.close(resolve));
    await folder.remove();
    process.off('uncaughtException', note);
    expect(unhandled).toEqual([]);
  });

  it('connects to a port of the guest', async () => {
    guest.on('connection', (socket) => socket.end('hello'));
    expect(await text(await connect(address, { timeoutMs: 5000 }))).toBe('hello');
  });

  it.each(['flowing', 'paused'])('keeps bytes that arrived with the answer (%s)', async (mode) => {
    device.answer = 'OK 1\nfirst '; // one packet
    guest.on('connection', (socket) => socket.end('second'));
    const socket = await connect(address, { timeoutMs: 5000 });
    if (mode === 'paused') await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await text(socket)).toBe('first second');
  });

  it('reads an answer that arrives byte by byte', async () => {
    await device.stop();
    const server = createServer((socket) => {
      socket.once(
        'data',
        () =>
          void (async () => {
            for (const byte of 'OK 4294967295\nx') {
              socket.write(byte);
              await new Promise((resolve) => setTimeout(resolve, 2));
            }
            socket.end();
          })(),
      );
    });
    await listen(server, { kind: 'unix', path: address.path });
    try {
      expect(await text(await connect(address, { timeoutMs: 5000 }))).toBe('x');
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('fails with ECONNREFUSED if the guest has no listener', async () => {
    await expect(connect({ ...address, port: 5001 }, { timeoutMs: 5000 })).rejects.toMatchObject({
      name: 'SocketError',
      code: 'ECONNREFUSED',
    });
  });

  it.each([
    ['another word', 'NO 1\n'],
    ['no port', 'OK \n'],
    ['a sign', 'OK -1\n'],
    ['a carriage return', 'OK 1\r\n'],
    ['lower case', 'ok 1\n'],
    ['an empty line', '\n'],
    ['a port that is too long', 'OK 12345678901\n'],
    ['a line without end', 'OK'.padEnd(1 << 20, '1')],
    ['bytes that are no text', '\0\u00ff\n'],
  ])('fails with EPROTO if the device answers %s, and closes the connection', async (_what, answer) => {
    device.answer = answer;
    const accepted = once(guest, 'connection') as Promise<[Socket]>;
    await expect(connect(address, { timeoutMs: 5000 })).rejects.toMatchObject({ name: 'SocketError', code: 'EPROTO' });
    const [inside] = await accepted;
    inside.resume();
    await once(inside, 'close');
  });

  it('fails with ETIMEDOUT if the device never answers and with ABORT_ERR after an abort, and leaves no connection', async () => {
    await device.stop();
    const mute = createServer((socket) => socket.resume());
    await listen(mute, { kind: 'unix', path: address.path });
    try {
      await expect(connect(address, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      const controller = new AbortController();
      const accepted = once(mute, 'connection');
      const connecting = connect(address, { timeoutMs: 60_000, signal: controller.signal });
      await accepted;
      controller.abort();
      await expect(connecting).rejects.toMatchObject({ code: 'ABORT_ERR' });
    } finally {
      await new Promise((resolve) => mute.close(resolve)); // waits for the server's connections
    }
  });

  it('fails with ECONNREFUSED if the program that made the device was killed and left its file', async () => {
    const left = folder.file('left.vsock');
    const program = `require('node:net').createServer().listen(${JSON.stringify(left)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', program]);
    await expect(connect({ ...address, path: left }, { timeoutMs: 5000 })).rejects.toMatchObject({
      name: 'SocketError',
      code: 'ECONNREFUSED',
    });
  });

  it('fails with ENOENT if there is no device', async () => {
    await expect(connect({ ...address, path: folder.file('none') }, { timeoutMs: 5000 })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('listens for connections of the guest at the path with the port', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).end('host'));
    const inbound: Address = { ...address, port: 8001 };
    expect(await listen(server, inbound)).toEqual(inbound);
    try {
      expect(await text(await connect({ kind: 'unix', path: `${address.path}_8001` }, { timeoutMs: 5000 }))).toBe(
        'host',
      );
      await expect(listen(createServer(), inbound)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    await expect(connect({ kind: 'unix', path: `${address.path}_8001` }, { timeoutMs: 5000 })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
