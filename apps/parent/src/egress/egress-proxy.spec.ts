import { freePort, startSilentPort, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { connect, listen, type Address } from '@communique-tee/vsock';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { openSockets } from '@communique-tee/testing/vsock';
import { createLog } from '../log';
import { startEgressProxy, type EgressProxy } from './egress-proxy';
import type { EgressSettings, Route } from './egress-settings';

const text = async (socket: Socket) => (await socket.setEncoding('utf8').toArray()).join('');
type Changes = Partial<Pick<EgressSettings, 'maxConnections' | 'connectTimeoutMs' | 'idleTimeoutMs'>> &
  Partial<Pick<Route, 'maxConnections' | 'host' | 'port'>> & { perRoute?: number };

describe('the egress proxy', () => {
  let folder: TemporaryFolder;
  let far: Server;
  let port: number;
  let lines: string[];
  let before: number;
  /** Whether the test's destination keeps its side open after the other side has ended. */
  let keepsOpen: boolean;
  const proxies: EgressProxy[] = [];

  beforeEach(async () => {
    before = openSockets();
    folder = await temporaryFolder();
    lines = [];
    far = createServer({ allowHalfOpen: true });
    keepsOpen = false;
    far.on('connection', (socket: Socket) => {
      socket.allowHalfOpen = keepsOpen;
      socket.on('error', () => undefined);
    });
    const address = await listen(far, { kind: 'tcp', host: '127.0.0.1', port: 0 });
    port = address.kind === 'tcp' ? address.port : 0;
  });
  afterEach(async () => {
    for (const proxy of proxies.splice(0)) await proxy.close(0);
    await new Promise((resolve) => far.close(resolve));
    await folder.remove();
    for (let round = 0; round < 300 && openSockets() > before; round++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(openSockets()).toBeLessThanOrEqual(before);
  });

  const start = async ({ perRoute = 256, host = '127.0.0.1', ...changes }: Changes = {}) => {
    const listenAt: Address = { kind: 'hybrid', path: folder.file('vm'), port: 8001 + proxies.length };
    const route: Route = {
      listen: listenAt,
      host,
      port: changes.port ?? port,
      destination: `${host}:443`,
      maxConnections: perRoute,
    };
    const { maxConnections = 512, connectTimeoutMs = 5000, idleTimeoutMs = 60_000 } = changes;
    const proxy = await startEgressProxy(
      { routes: [route], maxConnections, connectTimeoutMs, idleTimeoutMs },
      createLog('egress-proxy', (line) => lines.push(line)),
    );
    proxies.push(proxy);
    return {
      proxy,
      metric: async (name: string) =>
        (await proxy.metrics.registry.metrics())
          .split('\n')
          .filter((line) => line.startsWith(name))
          .map((line) => line.replace(name, '')),
    };
  };
  /** Connects as the enclave does. */
  const open = (index = 0) =>
    connect(
      { kind: 'unix', path: `${folder.file('vm')}_${8001 + index}` },
      { timeoutMs: 5000, allowHalfOpen: keepsOpen },
    );
  const pair = async () => {
    const arrived = once(far, 'connection') as Promise<[Socket]>;
    const enclave = await open();
    return [enclave, (await arrived)[0]] as const;
  };
  const metricBecomes = async (read: () => Promise<string[]>, expected: string[]) => {
    for (let round = 0; round < 300 && JSON.stringify(await read()) !== JSON.stringify(expected); round++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await read()).toEqual(expected);
  };

  it('forwards the end of each side separately', async () => {
    keepsOpen = true;
    const { metric } = await start();
    const [enclave, destination] = await pair();
    enclave.end('question');
    expect(await text(destination)).toBe('question');
    destination.write('answer one, ');
    setTimeout(() => destination.end('answer two'), 20);
    expect(await text(enclave)).toBe('answer one, answer two');
    await metricBecomes(
      () => metric('communique_egress_connections_closed_total'),
      ['{destination="127.0.0.1:443",reason="end"} 1'],
    );
    expect(await metric('communique_egress_bytes_total')).toEqual([
      '{destination="127.0.0.1:443",direction="to"} 8',
      '{destination="127.0.0.1:443",direction="from"} 22',
    ]);

    const [other, far2] = await pair();
    far2.end('early');
    expect(await text(other)).toBe('early');
    other.write('still ');
    setTimeout(() => other.end('here'), 20);
    expect(await text(far2)).toBe('still here');
  });

  it.each(['enclave', 'destination'] as const)(
    'slows the writer down while the %s reads slowly, and loses no byte',
    async (slow) => {
      await start();
      const [enclave, destination] = await pair();
      const [reader, writer] = slow === 'enclave' ? [enclave, destination] : [destination, enclave];
      reader.pause();
      const chunk = new Uint8Array(64 * 1024).fill(7);
      const total = 128 * 1024 * 1024;
      let written = 0;
      for (let full = false; !full && written < total;) {
        for (let room = true; room && written < total; written += chunk.length) room = writer.write(chunk);
        full = await Promise.race([
          once(writer, 'drain').then(() => false),
          new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 300)),
        ]);
      }
      expect(written).toBeLessThan(total / 4); // the kernel and stream buffers of four sockets
      let received = 0;
      reader.on('data', (data: Buffer) => (received += data.length)).resume();
      writer.end();
      await once(reader, 'end');
      expect(received).toBe(written);
      reader.end();
      writer.resume();
      await once(writer, 'close');
    },
  );

  it('carries 500 connections at once, each with its own bytes', async () => {
    const { proxy, metric } = await start({ perRoute: 500 });
    keepsOpen = true;
    far.on('connection', (socket: Socket) => socket.pipe(socket));
    const payload = (index: number) => `${index} `.repeat(4000);
    const sockets = await Promise.all(Array.from({ length: 500 }, () => open()));
    await metricBecomes(() => metric('communique_egress_connections_open'), ['{destination="127.0.0.1:443"} 500']);
    const answers = await Promise.all(
      sockets.map((socket, index) => {
        socket.end(payload(index));
        return text(socket);
      }),
    );
    expect(answers.every((answer, index) => answer === payload(index))).toBe(true);
    await metricBecomes(() => metric('communique_egress_connections_open'), ['{destination="127.0.0.1:443"} 0']);
    expect(proxy.openConnections).toBe(0);
  });

  it('closes a connection beyond a route’s limit at once, and accepts another after one has ended', async () => {
    const { metric } = await start({ perRoute: 2 });
    const [first] = await pair();
    const [second] = await pair();
    const third = await open();
    third.on('error', () => undefined).resume();
    await once(third, 'close');
    expect(await metric('communique_egress_connections_refused_total')).toEqual([
      '{destination="127.0.0.1:443",reason="route_limit"} 1',
      '{destination="127.0.0.1:443",reason="total_limit"} 0',
    ]);
    first.destroy();
    await metricBecomes(() => metric('communique_egress_connections_open'), ['{destination="127.0.0.1:443"} 1']);
    const [again, destination] = await pair();
    destination.end('here');
    expect(await text(again)).toBe('here');
    again.end();
    second.destroy();
  });

  it('closes a connection beyond the total limit at once', async () => {
    const { metric } = await start({ maxConnections: 1 });
    const [first] = await pair();
    const second = await open();
    second.on('error', () => undefined).resume();
    await once(second, 'close');
    expect(await metric('communique_egress_connections_refused_total')).toContain(
      '{destination="127.0.0.1:443",reason="total_limit"} 1',
    );
    first.destroy();
  });

  it('logs the code if it cannot reach a destination, and closes the connection', async () => {
    const closed = await freePort();
    const { metric } = await start({ port: closed });
    const unnamed = await start({ host: 'no-such-name.invalid' });
    for (const index of [0, 1]) {
      const enclave = await open(index);
      enclave.on('error', () => undefined).resume();
      await once(enclave, 'close');
    }
    await metricBecomes(
      () => metric('communique_egress_connect_errors_total'),
      ['{destination="127.0.0.1:443",code="ECONNREFUSED"} 1'],
    );
    expect((await unnamed.metric('communique_egress_connect_errors_total'))[0]).toMatch(
      /code="(ENOTFOUND|EAI_AGAIN|EAI_FAIL)"\} 1$/,
    );
    expect(
      lines
        .map((line) => JSON.parse(line) as { event: string; code?: string })
        .filter(({ event }) => event === 'egress_connect_failed')
        .map(({ code }) => code),
    ).toEqual(['ECONNREFUSED', expect.stringMatching(/^E/)]);
  });

  it('gives up on a destination that does not answer in time', async () => {
    await using silent = await startSilentPort();
    const { metric } = await start({ port: silent.port, connectTimeoutMs: 100 });
    const enclave = await open();
    enclave.on('error', () => undefined).resume();
    await once(enclave, 'close');
    expect((await metric('communique_egress_connect_errors_total'))[0]).toMatch(/code="ETIMEDOUT"\} 1$/);
  });

  it('closes each side when the other side breaks in the middle', async () => {
    const { metric } = await start();
    for (const victim of [0, 1] as const) {
      const sides = await pair();
      const [dying, living] = victim === 0 ? sides : ([sides[1], sides[0]] as const);
      living.on('error', () => undefined).resume();
      dying.on('error', () => undefined);
      dying.write('half a mess');
      await once(living, 'data');
      if (victim === 1)
        dying.resetAndDestroy(); // a TCP reset, which a plain pipe would not forward
      else dying.destroy(); // a unix socket has no reset; its end is forwarded, and then our end follows
      await once(living, 'close');
    }
    await metricBecomes(() => metric('communique_egress_connections_open'), ['{destination="127.0.0.1:443"} 0']);
  });

  it('closes a connection that carries no byte for the idle time', async () => {
    const { metric } = await start({ idleTimeoutMs: 100 });
    const [enclave, destination] = await pair();
    destination.resume();
    enclave.resume();
    await Promise.all([once(enclave, 'close'), once(destination, 'close')]);
    await metricBecomes(
      () => metric('communique_egress_connections_closed_total'),
      ['{destination="127.0.0.1:443",reason="idle"} 1'],
    );
  });

  it('lets open connections finish when it stops, refuses new ones, and cuts those that do not finish', async () => {
    const { proxy, metric } = await start();
    const [finishing, destination] = await pair();
    const [lasting] = await pair();
    lasting.on('error', () => undefined).resume();
    const stopped = proxy.close(500);
    await expect(open()).rejects.toMatchObject({ code: expect.stringMatching(/ENOENT|ECONNREFUSED/) as string });
    destination.end('the rest');
    expect(await text(finishing)).toBe('the rest');
    finishing.end();
    await once(lasting, 'close');
    await stopped;
    expect((await metric('communique_egress_connections_closed_total')).sort()).toEqual([
      '{destination="127.0.0.1:443",reason="drain"} 1',
      '{destination="127.0.0.1:443",reason="end"} 1',
    ]);
  });

  it('does not start if one of its listeners fails', async () => {
    const route = (path: string): Route => ({
      listen: { kind: 'unix', path },
      host: '127.0.0.1',
      port,
      destination: 'd:1',
      maxConnections: 1,
    });
    const routes = [route(folder.file('one')), route(folder.file('none', 'two'))];
    await expect(
      startEgressProxy(
        { routes, maxConnections: 1, connectTimeoutMs: 100, idleTimeoutMs: 100 },
        createLog('x', () => undefined),
      ),
    ).rejects.toMatchObject({ name: 'SocketError' });
    await expect(connect({ kind: 'unix', path: folder.file('one') }, { timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('logs no part of the carried bytes', async () => {
    await start();
    const [enclave, destination] = await pair();
    enclave.end('SECRET-IN-TRANSIT');
    await text(destination);
    destination.end();
    await text(enclave);
    expect(lines.join('')).not.toContain('SECRET');
  });
});
