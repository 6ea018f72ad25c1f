import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { connect, listen, parseAddress } from '.';

const close = (server: Server) => new Promise((resolve) => server.close(resolve));

/** Leaves the socket file of a process that ended without removing it. */
function leaveSocket(path: string): void {
  const script =
    "require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
  spawnSync(process.execPath, ['-e', script, path]);
  expect(lstatSync(path).isSocket()).toBe(true);
}

describe('listen', () => {
  let folder: TemporaryFolder;
  let server: Server;
  let path: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    path = folder.file('socket');
    server = createServer((socket) => socket.end());
  });
  afterEach(async () => {
    if (server.listening) await close(server);
    await folder.remove();
  });

  it('returns the real port for tcp port 0', async () => {
    const address = await listen(server, parseAddress('tcp:[::1]:0')).catch(() =>
      listen(server, parseAddress('tcp:127.0.0.1:0')),
    );
    expect(address).toMatchObject({ kind: 'tcp', port: expect.any(Number) as number });
    expect(address.kind === 'tcp' && address.port).not.toBe(0);
  });

  it('fails with EADDRINUSE for a tcp port that is taken', async () => {
    const address = await listen(server, parseAddress('tcp:127.0.0.1:0'));
    await expect(listen(createServer(), address)).rejects.toMatchObject({ name: 'SocketError', code: 'EADDRINUSE' });
  });

  it.each([0o600, 0o660] as const)(
    'opens a unix socket with mode %o under any umask, and does not change the umask',
    async (unixMode) => {
      const before = process.umask(0o002);
      try {
        await listen(server, { kind: 'unix', path }, { unixMode });
        expect(process.umask()).toBe(0o002);
      } finally {
        process.umask(before);
      }
      expect(lstatSync(path).mode & 0o777).toBe(unixMode);
    },
  );

  it('lets only the owner connect to a unix socket by default', async () => {
    await listen(server, { kind: 'unix', path });
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
  });

  it('removes its socket file on close', async () => {
    await listen(server, { kind: 'unix', path });
    await close(server);
    expect(existsSync(path)).toBe(false);
  });

  it('replaces a socket without a listener', async () => {
    leaveSocket(path);
    await listen(server, { kind: 'unix', path });
    (await connect({ kind: 'unix', path }, { timeoutMs: 5000 })).destroy();
  });

  it('does not replace a socket with a listener', async () => {
    await listen(server, { kind: 'unix', path });
    await expect(listen(createServer(), { kind: 'unix', path })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    (await connect({ kind: 'unix', path }, { timeoutMs: 5000 })).destroy();
  });

  it('does not remove a file that is not a socket', async () => {
    writeFileSync(path, 'precious');
    await expect(listen(server, { kind: 'unix', path })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('reports that the folder of a unix socket is missing', async () => {
    await expect(listen(server, { kind: 'unix', path: folder.file('none', 'socket') })).rejects.toMatchObject({
      name: 'SocketError',
    });
  });
});
