import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createEgress, egressConfigSchema, missingRoutes, withParentCid, type ConnectVsock } from '.';

const problems = (value: unknown) =>
  egressConfigSchema.safeParse(value).error?.issues.map(({ path }) => path.join('.')) ?? [];

describe('the egress configuration', () => {
  const route = { host: 'cwc.house.gov', port: 443, vsockPort: 8443 };

  it('accepts both modes, with the parent at CID 3', () => {
    expect(egressConfigSchema.parse({ mode: 'direct' })).toEqual({ mode: 'direct' });
    expect(egressConfigSchema.parse({ mode: 'vsock', routes: [route] })).toEqual({
      mode: 'vsock',
      parentCid: 3,
      routes: [route],
    });
  });

  it.each<[string, unknown, string]>([
    ['no mode', {}, 'mode'],
    ['an unknown mode', { mode: 'tcp' }, 'mode'],
    ['an unknown field', { mode: 'direct', routes: [] }, ''],
    ['no routes', { mode: 'vsock', routes: [] }, 'routes'],
    ['a destination twice', { mode: 'vsock', routes: [route, { ...route, vsockPort: 9000 }] }, 'routes'],
    ['a port of 0', { mode: 'vsock', routes: [{ ...route, port: 0 }] }, 'routes.0.port'],
    ['a port too high', { mode: 'vsock', routes: [{ ...route, vsockPort: 0xffff_ffff }] }, 'routes.0.vsockPort'],
    ['a host in upper case', { mode: 'vsock', routes: [{ ...route, host: 'CWC.house.gov' }] }, 'routes.0.host'],
    ['a host with a user name', { mode: 'vsock', routes: [{ ...route, host: 'a@b' }] }, 'routes.0.host'],
    [
      'a route with an address of its own',
      { mode: 'vsock', routes: [{ ...route, address: 'unix:/tmp/x' }] },
      'routes.0',
    ],
    ['the hypervisor as parent', { mode: 'vsock', parentCid: 0, routes: [route] }, 'parentCid'],
  ])('refuses %s', (_name, value, path) => {
    expect(problems(value)).toContain(path);
  });
});

describe('direct egress', () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = createServer((socket) => socket.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('reaches an allowed destination', async () => {
    const socket = await createEgress({ mode: 'direct' }, [{ host: 'localhost', port }]).connect('localhost', port, {
      timeoutMs: 5000,
    });
    expect((await socket.setEncoding('utf8').toArray()).join('')).toBe('hello');
  });

  it.each([
    ['another host', '127.0.0.1', 0],
    ['another port', 'localhost', 1],
  ])('does not reach %s', async (_name, host, offset) => {
    const egress = createEgress({ mode: 'direct' }, [{ host: 'localhost', port }]);
    await expect(egress.connect(host, port + offset, { timeoutMs: 5000 })).rejects.toMatchObject({
      name: 'EgressError',
      code: 'egress_not_allowed',
    });
  });

  it('rejects with a code for each kind of failure', async () => {
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const closed = (free.address() as AddressInfo).port;
    await new Promise((resolve) => free.close(resolve));
    const allowed = [
      { host: '127.0.0.1', port: closed },
      { host: 'no-such-name.invalid', port: 443 },
      { host: 'localhost', port },
    ];
    const egress = createEgress({ mode: 'direct' }, allowed);
    await expect(egress.connect('127.0.0.1', closed, { timeoutMs: 5000 })).rejects.toMatchObject({
      code: 'egress_unreachable',
    });
    await expect(egress.connect('no-such-name.invalid', 443, { timeoutMs: 20_000 })).rejects.toMatchObject({
      code: 'egress_name_not_resolved',
    });
    await expect(
      egress.connect('localhost', port, { timeoutMs: 5000, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'egress_aborted' });
    const controller = new AbortController();
    const connecting = egress.connect('localhost', port, { timeoutMs: 5000, signal: controller.signal });
    controller.abort();
    await expect(connecting).rejects.toMatchObject({ code: 'egress_aborted' });
  });
});

describe('vsock egress', () => {
  const house = { host: 'cwc.house.gov', port: 443 };
  const config = egressConfigSchema.parse({ mode: 'vsock', routes: [{ ...house, vsockPort: 8443 }] });
  const failing =
    (code: string): ConnectVsock =>
    () =>
      Promise.reject(Object.assign(new Error('x'), { code }));

  it.each([2, 3] as const)('connects to the port of this destination’s proxy on the parent, at CID %i', async (cid) => {
    const socket = {} as Socket;
    const asked: unknown[] = [];
    const egress = createEgress(withParentCid(config, cid), [house], (address) => {
      asked.push(address);
      return Promise.resolve(socket);
    });
    expect(await egress.connect('cwc.house.gov', 443, { timeoutMs: 100 })).toBe(socket);
    expect(asked).toEqual([{ kind: 'vsock', cid, port: 8443 }]);
  });

  it('refuses a destination that is not allowed or has no route', async () => {
    const never: ConnectVsock = () => Promise.reject(new Error('asked'));
    await expect(
      createEgress(config, [], never).connect('cwc.house.gov', 443, { timeoutMs: 100 }),
    ).rejects.toMatchObject({ code: 'egress_not_allowed' });
    const soapbox = { host: 'soapbox.senate.gov', port: 443 };
    await expect(
      createEgress(config, [soapbox], never).connect('soapbox.senate.gov', 443, { timeoutMs: 100 }),
    ).rejects.toMatchObject({ code: 'egress_not_allowed' });
    expect(missingRoutes(config, [house, soapbox])).toEqual([soapbox]);
    expect(missingRoutes({ mode: 'direct' }, [house])).toEqual([]);
  });

  it.each([
    ['ETIMEDOUT', 'egress_timeout'],
    ['ECONNREFUSED', 'egress_unreachable'],
    ['ENODEV', 'egress_unreachable'],
    ['ABORT_ERR', 'egress_aborted'],
    ['ERR_VSOCK_UNAVAILABLE', 'egress_unreachable'],
  ])('reports %s as %s', async (code, expected) => {
    await expect(
      createEgress(config, [house], failing(code)).connect('cwc.house.gov', 443, { timeoutMs: 100 }),
    ).rejects.toMatchObject({ code: expected });
  });

  it('does not fall back to the machine’s network', async () => {
    // A test machine has no AF_VSOCK peer, so the connection must fail
    await expect(createEgress(config, [house]).connect('cwc.house.gov', 443, { timeoutMs: 500 })).rejects.toMatchObject(
      { name: 'EgressError' },
    );
  });
});
