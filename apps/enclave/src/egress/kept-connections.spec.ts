import { testAuthority, type TestAuthority } from '@communique-tee/congress-simulator';
import { createServer as createHttpsServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Server } from 'node:tls';
import { createEgress } from './egress';
import { httpsPost, type HttpsPost } from './https-post';
import { KeptConnections } from './kept-connections';

const DAY_MS = 24 * 3_600_000;

let authority: TestAuthority;
let server: Server;
/** Sockets in the order in which the server accepted them. */
let sockets: Socket[];
/** For each request, the number of its connection, from 0. */
let requests: number[];
let respond: (response: ServerResponse, request: IncomingMessage) => void;

beforeAll(async () => {
  authority = await testAuthority();
  const { certificatePem: cert, privateKeyPem: key } = await authority.issue({ names: ['localhost'] });
  server = createHttpsServer({ cert, key, keepAliveTimeout: 60_000 }, (request, response) => {
    const number = sockets.indexOf(request.socket);
    requests.push(number === -1 ? sockets.push(request.socket) - 1 : number);
    request.resume().once('end', () => respond(response, request));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterAll(
  () =>
    new Promise((closed) => {
      server.close(closed);
      for (const socket of sockets) socket.destroy();
    }),
);

let kept: KeptConnections;
let nowMs: number;
const egressTo = (port: number) => createEgress({ mode: 'direct' }, [{ host: 'localhost', port }]);
let egress: ReturnType<typeof egressTo>;

beforeEach(() => {
  sockets = [];
  requests = [];
  respond = (response) => response.end('taken');
  kept = new KeptConnections();
  nowMs = Date.now();
  egress = egressTo((server.address() as AddressInfo).port);
});

const post = (more: Partial<HttpsPost> = {}) =>
  httpsPost(egress, {
    destination: 'house',
    origin: `https://localhost:${String((server.address() as AddressInfo).port)}`,
    authorities: [authority.certificatePem],
    clock: { nowMs: () => nowMs },
    target: '/',
    headers: {},
    body: Buffer.from('a copy'),
    maxAnswerBytes: 1024,
    timeoutMs: 10_000,
    kept,
    ...more,
  });
const opened = () => {
  egress.connections.publish();
  return egress.connections.published().totals.house.connected;
};

it('sends one request after the other over one connection, and counts the connection once', async () => {
  for (let copy = 0; copy < 3; copy++) await expect(post()).resolves.toMatchObject({ status: 200, cutBy: null });
  expect(requests).toEqual([0, 0, 0]);
  expect(opened()).toBe(1);
});

it('sends one request at a time over a connection', async () => {
  await Promise.all([post(), post(), post()]);
  expect([...requests].sort()).toEqual([0, 1, 2]);
  await Promise.all([post(), post(), post()]);
  expect(opened()).toBe(3);
});

it.each([
  ['has expired', 91 * DAY_MS],
  ['is not valid yet', -2 * DAY_MS],
])('sends nothing over a kept connection whose certificate %s by the attested clock', async (_what, passMs) => {
  await post();
  nowMs += passMs;
  await expect(post()).rejects.toMatchObject({ reason: 'certificate_refused', sent: false });
  expect(requests).toEqual([0]);
});

it('sends nothing over a kept connection while the attested clock has no time', async () => {
  await post();
  const clock = {
    nowMs: () => {
      throw new Error('not anchored');
    },
  };
  await expect(post({ clock })).rejects.toThrow();
  expect(requests).toEqual([0]);
});

it.each<[string, (response: ServerResponse) => void, Partial<HttpsPost>]>([
  ['after an answer that asks to close', (response) => response.setHeader('connection', 'close').end(), {}],
  ['after an answer that is longer than the limit', (response) => response.end('x'.repeat(5000)), {}],
  ['if the caller keeps no connections', (response) => response.end(), { kept: undefined }],
])('does not reuse a connection %s', async (_when, answer, more) => {
  respond = answer;
  await post(more);
  respond = (response) => response.end();
  await post(more);
  expect(requests).toEqual([0, 1]);
});

it.each<[string, (socket: Socket) => void]>([
  ['is cut in the answer', (socket) => socket.write('HTTP/1.1 20', () => socket.destroy())],
  ['carries no HTTP', (socket) => socket.end('\u0000\u0001 this is not HTTP\r\n\r\n')],
])('does not reuse a connection that %s', async (_what, broken) => {
  await post();
  respond = (_response, { socket }) => broken(socket);
  await expect(post()).rejects.toMatchObject({ sent: true });
  respond = (response) => response.end();
  await post();
  expect(requests).toEqual([0, 0, 1]);
});

it('does not use unrequested bytes as the answer to the next request', async () => {
  respond = (response, { socket }) => {
    response.end('the first', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nunwanted!'));
  };
  expect(Buffer.from((await post()).body).toString()).toBe('the first');
  // Waits until the enclave has read the stray bytes
  while (!sockets[0]?.destroyed) await new Promise((resolve) => setTimeout(resolve, 5));
  respond = (response) => response.end('the second');
  expect(Buffer.from((await post()).body).toString()).toBe('the second');
  expect(requests).toEqual([0, 1]);
});

it('opens a new connection after the server has ended the kept one', async () => {
  await post();
  const ended = new Promise((resolve) => sockets[0]?.once('close', resolve));
  sockets[0]?.end();
  await ended;
  await post();
  expect(requests).toEqual([0, 1]);
});

describe('a kept connection', () => {
  afterEach(() => jest.restoreAllMocks());

  it('ends after two idle seconds', async () => {
    await post();
    const ended = new Promise((resolve) => sockets[0]?.once('close', resolve));
    await ended;
    await post();
    expect(requests).toEqual([0, 1]);
  });

  it('is not used once it is a minute old', async () => {
    await post();
    const startedMs = performance.now();
    jest.spyOn(performance, 'now').mockImplementation(() => startedMs + 60_000);
    await post();
    expect(requests).toEqual([0, 1]);
  });
});
