import { testAuthority } from '@communique-tee/congress-simulator';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createEgress } from '../egress';
import { createCongress, deliveryId, type Congress } from '.';
import { testMessage } from './testing/messages';
import { setUp, type SetupOptions } from './testing/setup';

const deliver = (congress: Congress) =>
  congress.deliver({ office: 'HCA12', message: testMessage(), deliveryId: deliveryId(new Uint8Array(32), new Uint8Array(16), 'HCA12') });
const hours = (count: number) => new Date(Date.now() + count * 3_600_000);

async function attempt(options: SetupOptions) {
  const { simulator, congress } = await setUp(options);
  const result = await deliver(congress);
  const received = simulator.received().length;
  await simulator.stop();
  return { ...result, received };
}

describe("the far end's certificate", () => {
  const refused = { outcome: 'pending', reason: 'certificate_refused', detail: null, received: 0 };

  it('is taken when the configured authority made it for this name and it is valid', async () => {
    expect(await attempt({})).toMatchObject({ outcome: 'accepted', received: 1 });
  });

  it('is refused from another authority', async () => {
    const other = await testAuthority();
    expect(await attempt({ configure: { certificateAuthorities: other.certificatePem } })).toEqual(refused);
  });

  it("is refused from a test authority where Node's own roots are trusted", async () => {
    const { simulator, config, egress } = await setUp();
    const { certificateAuthorities: _left, ...house } = config.house;
    const result = await deliver(createCongress({ ...config, house }, egress, { nowMs: () => Date.now() }));
    await simulator.stop();
    expect(result).toMatchObject({ outcome: 'pending', reason: 'certificate_refused' });
  });

  it('is refused for another host name', async () => {
    expect(await attempt({ certificate: { names: ['cwc.house.gov', '127.0.0.1'] } })).toEqual(refused);
  });

  it('is refused when it has expired or is not valid yet', async () => {
    expect(await attempt({ certificate: { notBefore: hours(-48), notAfter: hours(-1) } })).toEqual(refused);
    expect(await attempt({ certificate: { notBefore: hours(1), notAfter: hours(48) } })).toEqual(refused);
  });

  it('is matched with an address where the origin is one', async () => {
    const { simulator, config } = await setUp();
    const port = Number(new URL(config.house.origin).port);
    const byAddress = { ...config, house: { ...config.house, origin: `https://127.0.0.1:${port}` } };
    const congress = createCongress(byAddress, createEgress({ mode: 'direct' }, [{ host: '127.0.0.1', port }]), { nowMs: () => Date.now() });
    expect(await deliver(congress)).toMatchObject({ outcome: 'accepted' });
    await simulator.stop();
  });
});

describe('a far end that is not TLS', () => {
  let server: Server;
  let sockets: Socket[];
  const start = async (onConnection: (socket: Socket) => void): Promise<Congress> => {
    sockets = [];
    server = createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      onConnection(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { simulator, config } = await setUp();
    await simulator.stop();
    const house = { ...config.house, deduplicates: false, origin: `https://localhost:${port}`, timeoutMs: 700 };
    return createCongress({ ...config, house }, createEgress({ mode: 'direct' }, [{ host: 'localhost', port }]), { nowMs: () => Date.now() });
  };
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('answers in the clear', async () => {
    expect(await deliver(await start((socket) => socket.write('HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n')))).toEqual({ outcome: 'pending', reason: 'tls_failed', detail: null });
  });

  it('hangs up in the handshake', async () => {
    expect(await deliver(await start((socket) => socket.destroy()))).toEqual({ outcome: 'pending', reason: 'tls_failed', detail: null });
    await new Promise((resolve) => server.close(resolve));
    expect(await deliver(await start((socket) => socket.end()))).toMatchObject({ outcome: 'pending', reason: 'tls_failed' });
  });

  it('says nothing', async () => {
    expect(await deliver(await start(() => undefined))).toEqual({ outcome: 'pending', reason: 'connect_timeout', detail: null });
  });
});
