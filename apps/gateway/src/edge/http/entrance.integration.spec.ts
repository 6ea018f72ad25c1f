import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROBLEMS, type ProblemCode } from '@communique-tee/protocol';
import { Logger } from '../../core/telemetry/logger';
import { RateLimits } from '../../features/limits/rate-limits';
import { type GatewayUnderTest, startGateway } from '../../testing/gateway-under-test';
import { createIssuer, type Issuer } from '../../testing/issuer';
import { ProblemError } from '../../core/problems/problem-error';
import { problemHeaders, problemText } from '../../core/problems/send-problem';

/** Errors of the background work, which has no database and no enclave here; they are ignored, because these tests are about requests. */
const BACKGROUND = new Set([
  'the queue cannot be read',
  'old rows could not be deleted',
  'attestation cannot be asked for: nothing is relayed to it',
]);
const aboutRequests = ([, text]: readonly unknown[]): boolean => !BACKGROUND.has(String(text));

/** The checks before a request's body is read. They need no database, so these tests run without one. */
describe('the entrance', () => {
  let folder: string;
  let issuer: Issuer;
  let token: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'communique-entrance-'));
    issuer = await createIssuer();
    token = await issuer.token('alice');
    await issuer.writeKeySet(join(folder, 'jwks.json'));
    environment = {
      DATABASE_URL: 'postgresql://127.0.0.1:1/none',
      AUTH_JWKS_FILE: join(folder, 'jwks.json'),
    };
  });
  afterAll(() => rm(folder, { recursive: true }));

  /**
   * A short time limit for tests that wait until a client is cut off. In other tests a second is too short: on a busy machine the
   * gateway's first requests take longer.
   */
  const impatient = () => ({ ...environment, REQUEST_TIMEOUT_MS: '1000' });
  const authorized = () => ({ authorization: `Bearer ${token}` });
  const portOf = ({ url }: GatewayUnderTest) => Number(new URL(url).port);

  /** Opens a new connection and collects all that the gateway sends on it. */
  function open(gateway: GatewayUnderTest): {
    socket: Socket;
    received: () => string;
    answered: Promise<void>;
    closed: Promise<string>;
  } {
    const socket = connect(portOf(gateway), '127.0.0.1');
    let text = '';
    const answered = new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        if (text.includes('\r\n\r\n')) resolve();
      });
    });
    const closed = new Promise<string>((resolve) =>
      socket
        .on('error', () => undefined)
        .on('close', () => {
          resolve(text);
        }),
    );
    return { socket, received: () => text, answered, closed };
  }

  it('reports the address’s limit on every answer, and the user’s limit if there is a user', async () => {
    await using gateway = await startGateway({
      ...environment,
      RATE_LIMIT_MAX_REQUESTS: '7',
      RATE_LIMIT_OTHER_MAX_REQUESTS: '9',
      RATE_LIMIT_WINDOW: '90000',
    });
    const limitsAt = async (path: string, init: RequestInit = {}) => {
      const { status, headers } = await fetch(`${gateway.url}${path}`, init);
      return [
        status,
        headers.get('ratelimit-policy'),
        headers.get('ratelimit')?.replace(/t=([1-9]|[1-8][0-9]|90)\b/g, 't=T'),
      ];
    };
    expect(await limitsAt('/api/budget')).toEqual([401, '"api-address";q=7;w=90', '"api-address";r=6;t=T']);
    expect(await limitsAt('/api/budget', { headers: authorized() })).toEqual([
      503,
      '"api-address";q=7;w=90, "api-user";q=7;w=90',
      '"api-address";r=5;t=T, "api-user";r=6;t=T',
    ]);
    expect(await limitsAt('/api/messages', { method: 'POST', headers: authorized(), body: 'x' })).toEqual([
      415,
      '"api-address";q=7;w=90, "api-user";q=7;w=90',
      '"api-address";r=4;t=T, "api-user";r=5;t=T',
    ]);
    expect(await limitsAt('/nothing')).toEqual([404, '"other-address";q=9;w=90', '"other-address";r=8;t=T']);
    expect(await limitsAt('/docs')).toEqual([200, '"other-address";q=9;w=90', '"other-address";r=7;t=T']);
    expect(await limitsAt('/api/messages', { method: 'DELETE' })).toEqual([
      405,
      '"other-address";q=9;w=90',
      '"other-address";r=6;t=T',
    ]);
  });

  it('counts a bad token for its address, and checks no token after the first request over the limit', async () => {
    await using gateway = await startGateway({ ...environment, RATE_LIMIT_MAX_REQUESTS: '3' });
    const ask = async (authorization?: string) => {
      const { status, headers } = await fetch(`${gateway.url}/api/budget`, {
        headers: authorization === undefined ? {} : { authorization },
      });
      return [
        status,
        headers.get('ratelimit-policy'),
        headers.get('ratelimit')?.replace(/t=[0-9]+/g, 't=T'),
        Number(headers.get('retry-after')) > 0,
      ];
    };
    const policy = '"api-address";q=3;w=60';
    expect(await ask()).toEqual([401, policy, '"api-address";r=2;t=T', false]);
    expect(await ask('Bearer a.b.c')).toEqual([401, policy, '"api-address";r=1;t=T', false]);
    const verifications = jest.spyOn(crypto.subtle, 'verify');
    expect(await ask(`Bearer ${token}`)).toEqual([
      503,
      `${policy}, "api-user";q=3;w=60`,
      '"api-address";r=0;t=T, "api-user";r=2;t=T',
      true,
    ]);
    expect(verifications).toHaveBeenCalledTimes(1);
    const refused = [429, policy, '"api-address";r=0;t=T', true];
    // The first request over the limit is counted, and its token is checked; later ones are refused before that
    expect(await ask('Bearer a.b.c')).toEqual(refused);
    for (let n = 0; n < 5; n++) expect(await ask(`Bearer ${token}`)).toEqual(refused);
    expect(verifications).toHaveBeenCalledTimes(1);
    verifications.mockRestore();
  });

  it('does not count a request for its user if its address is refused', async () => {
    await using gateway = await startGateway({
      ...environment,
      RATE_LIMIT_MAX_REQUESTS: '2',
      TRUSTED_PROXIES: '127.0.0.0/8',
    });
    const from = async (address: string) => {
      const { headers } = await fetch(`${gateway.url}/api/budget`, {
        headers: { ...authorized(), 'x-forwarded-for': address },
      });
      return headers.get('ratelimit')?.replace(/;t=[0-9]+/g, '');
    };
    expect(await from('192.0.2.1')).toBe('"api-address";r=1, "api-user";r=1');
    for (let n = 0; n < 4; n++)
      await fetch(`${gateway.url}/api/budget`, { headers: { 'x-forwarded-for': '192.0.2.2' } });
    expect(await from('192.0.2.2')).toBe('"api-address";r=0');
    expect(await from('192.0.2.3')).toBe('"api-address";r=1, "api-user";r=0');
    expect(await from('192.0.2.3')).toBe('"api-address";r=0, "api-user";r=0');
    expect(await from('192.0.2.4')).toBe('"api-address";r=1, "api-user";r=0');
  });

  it('limits requests outside the API, and does not count them in the API’s limit', async () => {
    await using gateway = await startGateway({ ...environment, RATE_LIMIT_OTHER_MAX_REQUESTS: '3' });
    const statuses: number[] = [];
    for (const path of ['/a', '/docs', '/c?d', '/e', '/f', '/docs-json', '/api/messages'])
      statuses.push((await fetch(`${gateway.url}${path}`)).status);
    expect(statuses).toEqual([404, 200, 404, 429, 429, 429, 429]);
    expect((await fetch(`${gateway.url}/api/budget`)).status).toBe(401);
  });

  it.each<[string, () => Record<string, string>, number]>([
    ['without a token', () => ({}), 401],
    ['with an invalid token', () => ({ authorization: 'Bearer a.b.c' }), 401],
    ['over the limit', authorized, 429],
  ])(
    'answers a request %s once, before its body has arrived, and closes the connection if the body does not come',
    async (_, headers, status) => {
      await using gateway = await startGateway({ ...impatient(), RATE_LIMIT_MAX_REQUESTS: '1' });
      if (status === 429) await fetch(`${gateway.url}/api/budget`);
      const { socket, answered, received, closed } = open(gateway);
      const lines = Object.entries(headers())
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('');
      socket.write(
        `POST /api/messages HTTP/1.1\r\nhost: x\r\n${lines}content-type: application/json\r\ncontent-length: 300000\r\n\r\n{`,
      );
      await answered;
      expect(received()).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} `));
      const all = await closed;
      expect(all.match(/HTTP\/1\.1/g)).toHaveLength(1);
    },
  );

  it.each([
    ['does not exist', 'POST', '/nothing', 404],
    ['takes another method', 'PUT', '/api/messages', 405],
  ])('reads no body for a path that %s', async (_, method, path, status) => {
    await using gateway = await startGateway(impatient());
    const { socket, answered, received, closed } = open(gateway);
    socket.write(
      `${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 300000\r\n\r\n{`,
    );
    await answered;
    expect(received()).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} `));
    expect((await closed).match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it.each([
    ['malformed', 'POST', '/%zz', 400],
    ['too long', 'GET', `/api/messages/${'a'.repeat(300)}`, 414],
  ])('answers a path that is %s once, and ignores the rest of the connection', async (_, method, path, status) => {
    await using gateway = await startGateway(environment);
    const { socket, closed } = open(gateway);
    socket.write(
      `${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 300000\r\n\r\n{`,
    );
    const all = await closed;
    expect(all.match(/HTTP\/1\.1 [0-9]+/g)).toEqual([`HTTP/1.1 ${String(status)}`]);
    expect(all.toLowerCase()).toContain('\r\nconnection: close\r\n');
  });

  it('cuts off a client that sends a header or a body byte by byte', async () => {
    await using gateway = await startGateway(impatient());
    const drips = [
      'GET /health HTTP/1.1\r\nhost: x\r\nx-drip: ',
      `POST /api/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: 300000\r\n\r\n`,
    ];
    const ends = await Promise.all(
      drips.map(async (start) => {
        const { socket, closed } = open(gateway);
        socket.write(start);
        const drip = setInterval(() => {
          socket.write(' ');
        }, 50);
        try {
          return await closed;
        } finally {
          clearInterval(drip);
        }
      }),
    );
    for (const end of ends) expect(end).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/);
    expect((await fetch(`${gateway.url}/health-is-not-needed`)).status).toBe(404);
  });

  it.each([
    ['goes away', (socket: Socket) => socket.destroy()],
    ['sends garbage for a chunk', (socket: Socket) => socket.write('zz\r\n')],
    ['is cut for being slow', () => undefined],
  ])('logs no error when a client %s before its body has arrived', async (_, end) => {
    await using gateway = await startGateway(impatient());
    const events: unknown[][] = [];
    const logger = gateway.app.get(Logger);
    jest.spyOn(logger, 'error').mockImplementation((...line) => {
      if (aboutRequests(line)) events.push(['error', ...line]);
    });
    jest.spyOn(logger, 'info').mockImplementation(({ code, status }, event) => {
      events.push(['info', code, status, event]);
    });
    const decide = jest.spyOn(gateway.app.get(RateLimits), 'decide');
    const { socket, closed } = open(gateway);
    socket.write(
      `POST /api/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n`,
    );
    // After the limits have admitted the request, the gateway waits for the body.
    while (decide.mock.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 200));
    end(socket);
    await closed;
    while (events.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(events).toEqual([['info', 'request_timeout', 408, 'request refused']]);
  });

  it('logs no error when a dependency is away', async () => {
    await using gateway = await startGateway(environment);
    const logger = gateway.app.get(Logger);
    const errors = jest.spyOn(logger, 'error');
    const warnings = jest.spyOn(logger, 'warn');
    expect((await fetch(`${gateway.url}/api/budget`, { headers: authorized() })).status).toBe(503);
    expect(errors.mock.calls.filter(aboutRequests)).toEqual([]);
    expect(warnings.mock.calls.filter(aboutRequests)).toEqual([
      [
        expect.objectContaining({
          code: 'database_unavailable',
          status: 503,
          route: '/api/budget',
          err: expect.anything() as unknown,
        }),
        'request refused',
      ],
    ]);
  });

  it('closes new connections of an address at its limit until others end, and has no such limit for a trusted proxy', async () => {
    const ask = 'GET /x HTTP/1.1\r\nhost: x\r\n\r\n';
    {
      await using gateway = await startGateway({ ...environment, MAX_CONNECTIONS_PER_ADDRESS: '2' });
      const first = open(gateway);
      const second = open(gateway);
      for (const { socket, answered } of [first, second]) {
        socket.write(ask);
        await answered;
      }
      expect(await open(gateway).closed).toBe('');
      first.socket.destroy();
      await first.closed;
      let again = '';
      while (again === '') {
        const next = open(gateway);
        next.socket.write(ask);
        again = await Promise.race([next.answered.then(() => 'answered'), next.closed]);
        next.socket.destroy();
      }
      expect(again).toBe('answered');
      second.socket.destroy();
    }
    await using behindProxy = await startGateway({
      ...environment,
      MAX_CONNECTIONS_PER_ADDRESS: '1',
      TRUSTED_PROXIES: '127.0.0.0/8',
      MAX_CONNECTIONS: '3',
    });
    const three = [open(behindProxy), open(behindProxy), open(behindProxy)];
    for (const { socket, answered } of three) {
      socket.write(ask);
      await answered;
    }
    expect(await open(behindProxy).closed).toBe('');
    for (const { socket } of three) socket.destroy();
  });

  it.each(
    Object.keys(PROBLEMS).filter((code) => [429, 503].includes(PROBLEMS[code as ProblemCode].status)) as ProblemCode[],
  )('always sends Retry-After with %s', (code) => {
    const problem = new ProblemError(code);
    expect(Number(problemHeaders(problem)['retry-after'])).toBeGreaterThan(0);
    expect(JSON.parse(problemText(problem))).toMatchObject({
      retryAfterSeconds: Number(problemHeaders(problem)['retry-after']),
    });
    expect(problemHeaders(new ProblemError(code, { retryAfterSeconds: 77 }))['retry-after']).toBe('77');
  });
});
