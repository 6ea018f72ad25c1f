import { testAuthority } from '@communique-tee/congress-simulator';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { connect as connectAddress } from '@communique-tee/vsock';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createEgress, egressConfigSchema } from '../../../egress';
import { createCongress, deliveryId, type Congress } from '.';
import { testMessage } from './testing/messages';
import { setUp, type SetupOptions } from './testing/setup';

const deliver = (congress: Congress) =>
  congress.deliver({
    office: 'HCA12',
    message: testMessage(),
    deliveryId: deliveryId(new Uint8Array(32), new Uint8Array(16), 'HCA12'),
  });
const HOUR_MS = 3_600_000;
const hours = (count: number) => new Date(Date.now() + count * HOUR_MS);

async function attempt(options: SetupOptions) {
  const { simulator, congress } = await setUp(options);
  const result = await deliver(congress);
  const received = simulator.received().length;
  await simulator.stop();
  return { ...result, received };
}

describe("the chamber's certificate", () => {
  const refused = { outcome: 'pending', reason: 'certificate_refused', detail: null, received: 0 };

  it('is accepted if a configured authority issued it for this name and it is valid', async () => {
    expect(await attempt({})).toMatchObject({ outcome: 'accepted', received: 1 });
  });

  it('is refused if another authority issued it', async () => {
    const other = await testAuthority();
    expect(await attempt({ configure: { certificateAuthorities: other.certificatePem } })).toEqual(refused);
  });

  it('is refused if it is for another host name', async () => {
    expect(await attempt({ certificate: { names: ['cwc.house.gov', '127.0.0.1'] } })).toEqual(refused);
  });

  it('is refused if it has expired or is not valid yet', async () => {
    expect(await attempt({ certificate: { notBefore: hours(-48), notAfter: hours(-1) } })).toEqual(refused);
    expect(await attempt({ certificate: { notBefore: hours(1), notAfter: hours(48) } })).toEqual(refused);
  });

  it('is refused if its authority is not configured, even if Node trusts that authority by default', async () => {
    const { simulator, config, egress } = await setUp();
    const other = await testAuthority();
    const byDefault = getCACertificates('default');
    setDefaultCACertificates([...byDefault, simulator.certificateAuthorityPem]);
    try {
      for (const certificateAuthorities of [other.certificatePem, '']) {
        const house = { ...config.house, certificateAuthorities };
        expect(await deliver(createCongress({ ...config, house }, egress, { nowMs: () => Date.now() }))).toMatchObject({
          outcome: 'pending',
          reason: 'certificate_refused',
        });
      }
    } finally {
      setDefaultCACertificates(byDefault);
      await simulator.stop();
    }
  });

  it('must name the IP address if the origin is an IP address', async () => {
    const { simulator, config } = await setUp();
    const port = Number(new URL(config.house.origin).port);
    const byAddress = { ...config, house: { ...config.house, origin: `https://127.0.0.1:${port}` } };
    const congress = createCongress(byAddress, createEgress({ mode: 'direct' }, [{ host: '127.0.0.1', port }]), {
      nowMs: () => Date.now(),
    });
    expect(await deliver(congress)).toMatchObject({ outcome: 'accepted' });
    await simulator.stop();
  });
});

/** By the machine's clock, every certificate in these tests is valid. */
describe('the check of certificate dates by the attested clock', () => {
  const refused = { outcome: 'pending', reason: 'certificate_refused', received: 0 };
  const long = { notBefore: hours(-1000), notAfter: hours(100_000) };

  it('accepts an intermediate certificate if both clocks agree', async () => {
    expect(await attempt({ certificate: { intermediate: {} } })).toMatchObject({ outcome: 'accepted', received: 1 });
  });

  it.each<[string, number, SetupOptions['certificate']]>([
    ['a server certificate that has expired', 10, { ...long, notAfter: hours(5) }],
    ['a server certificate that is not valid yet', -10, { ...long, notBefore: hours(-5) }],
    ['an intermediate that has expired', 10, { ...long, intermediate: { ...long, notAfter: hours(5) } }],
    ['an intermediate that is not valid yet', -10, { ...long, intermediate: { ...long, notBefore: hours(-5) } }],
    ['a root that has expired', 400 * 24, long],
    ['a root that is not valid yet', -48, long],
  ])('refuses %s, before a byte of the message is sent', async (_name, offsetHours, certificate) => {
    expect(await attempt({ certificate: certificate ?? {}, clockOffsetMs: offsetHours * HOUR_MS })).toMatchObject(
      refused,
    );
  });

  it('accepts certificates that are valid at the attested time', async () => {
    const certificate = { ...long, intermediate: long };
    expect(await attempt({ certificate, clockOffsetMs: 10 * HOUR_MS })).toMatchObject({ outcome: 'accepted' });
  });
});

describe('a delivery stays pending if the server does not speak TLS and', () => {
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
    return createCongress({ ...config, house }, createEgress({ mode: 'direct' }, [{ host: 'localhost', port }]), {
      nowMs: () => Date.now(),
    });
  };
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('answers unencrypted', async () => {
    expect(
      await deliver(await start((socket) => socket.write('HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n'))),
    ).toEqual({ outcome: 'pending', reason: 'tls_failed', detail: null });
  });

  it('closes the connection in the handshake', async () => {
    expect(await deliver(await start((socket) => socket.destroy()))).toEqual({
      outcome: 'pending',
      reason: 'tls_failed',
      detail: null,
    });
    await new Promise((resolve) => server.close(resolve));
    expect(await deliver(await start((socket) => socket.end()))).toMatchObject({
      outcome: 'pending',
      reason: 'tls_failed',
    });
  });

  it('sends nothing', async () => {
    expect(await deliver(await start(() => undefined))).toEqual({
      outcome: 'pending',
      reason: 'connect_timeout',
      detail: null,
    });
  });
});

describe("a delivery through the parent's proxy", () => {
  it('shows the parent only TLS and no part of the message', async () => {
    const { simulator, config } = await setUp();
    await using folder = await temporaryFolder();
    const port = Number(new URL(config.house.origin).port);
    const seen: Buffer[] = [];
    const ends: Socket[] = [];
    let ours: Socket | undefined;
    // The parent's proxy: carries bytes between the enclave's socket and the one destination
    const proxy = createServer((inner) => {
      const outer = connect(port, '127.0.0.1');
      ends.push(inner, outer);
      inner.on('data', (bytes: Buffer) => seen.push(bytes)).on('error', () => outer.destroy());
      outer.on('error', () => inner.destroy());
      inner.pipe(outer).pipe(inner);
    });
    await new Promise<void>((resolve) => proxy.listen(folder.file('proxy'), resolve));
    const routed = egressConfigSchema.parse({ mode: 'vsock', routes: [{ host: 'localhost', port, vsockPort: 8443 }] });
    const egress = createEgress(routed, [{ host: 'localhost', port }], async (address, options) => {
      expect(address).toEqual({ kind: 'vsock', cid: 3, port: 8443 });
      return (ours = await connectAddress({ kind: 'unix', path: folder.file('proxy') }, options));
    });

    expect(await deliver(createCongress(config, egress, { nowMs: () => Date.now() }))).toMatchObject({
      outcome: 'accepted',
    });
    expect(simulator.received()).toHaveLength(1);
    const wire = Buffer.concat(seen).toString('latin1');
    expect(wire.length).toBeGreaterThan(1000);
    for (const secret of [
      'Please keep the water clean',
      'person@test.example',
      'HCA12',
      config.house.apiKeyReadableInImage,
    ])
      expect(wire).not.toContain(secret);
    expect(ours?.destroyed).toBe(true);
    for (const end of ends) end.destroy();
    await simulator.stop();
    await new Promise((resolve) => proxy.close(resolve));
  });
});
