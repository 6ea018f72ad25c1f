import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { connect, listen, parseAddress, SocketError, type Address } from '.';

const text = async (socket: Socket) => (await socket.setEncoding('utf8').toArray()).join('');

describe('connect', () => {
  let folder: TemporaryFolder;
  let server: Server;
  let unhandled: unknown[];
  const note = (error: unknown) => unhandled.push(error);

  beforeEach(async () => {
    unhandled = [];
    process.on('uncaughtException', note);
    folder = await temporaryFolder();
    server = createServer((socket) => socket.end('hello'));
  });
  afterEach(async () => {
    process.off('uncaughtException', note);
    if (server.listening) await new Promise((resolve) => server.close(resolve));
    await folder.remove();
    expect(unhandled).toEqual([]);
  });

  const open = async (address: Address) => connect(await listen(server, address), { timeoutMs: 5000 });

  it.each(['tcp:127.0.0.1:0', 'tcp:localhost:0'])('sends and receives over %s', async (address) => {
    expect(await text(await open(parseAddress(address)))).toBe('hello');
  });

  it('sends and receives over a unix socket', async () => {
    expect(await text(await open({ kind: 'unix', path: folder.file('s') }))).toBe('hello');
  });

  it('fails with ECONNREFUSED if no server listens on tcp', async () => {
    const address = await listen(server, parseAddress('tcp:127.0.0.1:0'));
    await new Promise((resolve) => server.close(resolve));
    await expect(connect(address, { timeoutMs: 5000 })).rejects.toMatchObject({
      name: 'SocketError',
      code: 'ECONNREFUSED',
    });
  });

  it('fails with ENOENT if there is no unix socket', async () => {
    await expect(connect({ kind: 'unix', path: folder.file('none') }, { timeoutMs: 5000 })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('fails with ABORT_ERR if it is aborted before or while it connects', async () => {
    const address = await listen(server, parseAddress('tcp:127.0.0.1:0'));
    await expect(connect(address, { timeoutMs: 5000, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORT_ERR',
    });
    const controller = new AbortController();
    const connecting = connect(address, { timeoutMs: 5000, signal: controller.signal });
    controller.abort();
    await expect(connecting).rejects.toMatchObject({ code: 'ABORT_ERR' });
  });

  it('ignores the signal after it has connected', async () => {
    const address = await listen(server, parseAddress('tcp:127.0.0.1:0'));
    const controller = new AbortController();
    const socket = await connect(address, { timeoutMs: 5000, signal: controller.signal });
    controller.abort();
    expect(await text(socket)).toBe('hello');
  });

  it('leaves later errors to the owner of the socket', async () => {
    server.removeAllListeners('connection');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const socket = await open(parseAddress('tcp:127.0.0.1:0'));
    const failed = once(socket, 'error');
    const [other] = await accepted;
    other.resetAndDestroy();
    expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' });
  });

  it('requires a context id', async () => {
    await expect(connect(parseAddress('vsock:5000'), { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'ERR_ADDRESS_CID',
    });
  });

  it('reports every failure as a SocketError', async () => {
    await expect(connect({ kind: 'unix', path: folder.path }, { timeoutMs: 5000 })).rejects.toBeInstanceOf(SocketError);
  });
});
