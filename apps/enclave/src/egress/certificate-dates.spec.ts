import { testAuthority, type TestAuthority } from '@communique-tee/congress-simulator';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type SecureVersion, type Server, type TLSSocket } from 'node:tls';
import { AnchoredClock } from '../runtime/anchored-clock';
import { checkCertificateDates, type SecuredPeer } from './certificate-dates';
import { connectDirectly } from './egress';
import { secured } from './secure-socket';

const DAY_MS = 24 * 3_600_000;

let authority: TestAuthority;
let server: Server;
/** For each connection, whether the server saw a resumed session. */
let resumed: boolean[];

beforeAll(async () => {
  authority = await testAuthority();
  const { certificatePem: cert, privateKeyPem: key } = await authority.issue({
    names: ['localhost'],
    intermediate: {},
  });
  resumed = [];
  server = createServer({ cert, key }, (socket) => {
    resumed.push(socket.isSessionReused());
    socket.on('error', () => undefined).end('x');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterAll(() => new Promise((closed) => server.close(closed)));

const port = () => (server.address() as AddressInfo).port;

interface ConnectionOptions {
  session?: Buffer;
  maxVersion?: SecureVersion;
}

async function connected(options: ConnectionOptions = {}, given?: (session: Buffer) => void): Promise<TLSSocket> {
  const own = { port: port(), host: '127.0.0.1', servername: 'localhost', ca: authority.certificatePem };
  const socket = connect({ ...own, ...options });
  if (given) socket.on('session', given); // sent before the handshake ends in TLS 1.2, after it in TLS 1.3
  await new Promise<void>((done, fail) => socket.once('secureConnect', done).once('error', fail));
  return socket;
}

function sessionOf(maxVersion: SecureVersion): Promise<Buffer> {
  return new Promise((given, fail) => {
    connected({ maxVersion }, given).then((socket) => socket.resume(), fail);
  });
}

const codeOf = (secure: SecuredPeer, authorities = [authority.certificatePem], nowMs = Date.now()) => {
  try {
    return void checkCertificateDates(secure, authorities, nowMs);
  } catch (error) {
    return (error as { code: unknown }).code;
  }
};

it('accepts a chain only at an attested time between its dates', async () => {
  const socket = await connected();
  expect(codeOf(socket)).toBeUndefined();
  expect(codeOf(socket, undefined, Date.now() + 91 * DAY_MS)).toBe('CERT_HAS_EXPIRED');
  expect(codeOf(socket, undefined, Date.now() - 2 * DAY_MS)).toBe('CERT_NOT_YET_VALID');
  expect(codeOf(socket, undefined, 0)).toBe('CERT_NOT_YET_VALID');
  expect(codeOf(socket, undefined, Number.NaN)).toBe('CERT_NOT_YET_VALID');
  socket.destroy();
});

it('refuses a chain that does not end at one of the authorities', async () => {
  const socket = await connected();
  const other = await testAuthority();
  expect(codeOf(socket, [other.certificatePem])).toBe('UNABLE_TO_VERIFY_CHAIN');
  expect(codeOf(socket, [])).toBe('UNABLE_TO_VERIFY_CHAIN');
  expect(codeOf(socket, [other.certificatePem, authority.certificatePem])).toBeUndefined();
  socket.destroy();
});

it.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])('refuses a resumed session of %s', async (maxVersion) => {
  const socket = await connected({ session: await sessionOf(maxVersion), maxVersion });
  expect(socket.isSessionReused()).toBe(true); // the attack itself works
  expect(codeOf(socket)).toBe('CERT_NOT_SHOWN');
  socket.destroy();
});

it('refuses a connection that shows no certificate', () => {
  const silent = { isSessionReused: () => false, getPeerCertificate: () => ({}) } as unknown as SecuredPeer;
  expect(codeOf(silent)).toBe('CERT_NOT_SHOWN');
});

it('refuses every connection until the first attestation document has set the clock', async () => {
  const raw = await connectDirectly({ host: '127.0.0.1', port: port() }, { timeoutMs: 5000 });
  const options = {
    origin: `https://localhost:${String(port())}`,
    authorities: [authority.certificatePem],
    clock: new AnchoredClock(),
  };
  await expect(secured(raw, options, new AbortController().signal)).rejects.toThrow('not anchored');
  expect(raw.destroyed).toBe(true);
});

it('offers no session for resumption to a server that issues sessions', async () => {
  resumed = [];
  const options = {
    origin: `https://localhost:${String(port())}`,
    authorities: [authority.certificatePem],
    clock: { nowMs: () => Date.now() },
  };
  for (let connection = 0; connection < 3; connection++) {
    const raw = await connectDirectly({ host: '127.0.0.1', port: port() }, { timeoutMs: 5000 });
    const { socket } = await secured(raw, options, new AbortController().signal);
    await socket.resume().toArray(); // the tickets of TLS 1.3 come after the handshake
    raw.destroy();
  }
  expect(resumed).toEqual([false, false, false]);
});
