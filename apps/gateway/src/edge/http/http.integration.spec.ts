import { GATEWAY_KEEP_ALIVE_SECONDS } from '@communique-tee/gateway-environment';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSealedMessage, LIMITS, PROBLEMS, type ProblemCode, sealedMessageToJson } from '@communique-tee/protocol';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { type GatewayUnderTest, startGateway } from '../../testing/gateway-under-test';
import { createIssuer, type Issuer } from '../../testing/issuer';
import { sealedMessage } from '../../testing/sealed';

const CANARY = 'canary-c0ffee';

describe('the gateway over HTTP', () => {
  let postgres: Postgres;
  let folder: string;
  let issuer: Issuer;
  let environment: Record<string, string>;
  let gateway: GatewayUnderTest;
  let token: string;

  beforeAll(async () => {
    postgres = await startPostgres();
    folder = await mkdtemp(join(tmpdir(), 'communique-http-'));
    issuer = await createIssuer();
    const keySet = join(folder, 'jwks.json');
    await issuer.writeKeySet(keySet);
    const url = await postgres.createMigratedDatabase();
    environment = { DATABASE_URL: url, AUTH_JWKS_FILE: keySet };
    gateway = await startGateway(environment);
    token = await issuer.token('alice');
  });
  afterAll(async () => {
    await gateway.close();
    await postgres.stop();
    await rm(folder, { recursive: true });
  });

  /** Checks a refusal: status and code, media type, request id, `no-store`, and no part of the input. */
  async function expectProblem(response: Response, code: ProblemCode): Promise<void> {
    const text = await response.text();
    expect({ status: response.status, code: (JSON.parse(text) as { code: string }).code }).toEqual({
      status: PROBLEMS[code].status,
      code,
    });
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(text).not.toContain(CANARY);
    expect(text).not.toMatch(/\bat .*:\d+:\d+|node_modules/);
  }

  function post(
    body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null,
    headers: Record<string, string> = {},
    method = 'POST',
  ) {
    return fetch(`${gateway.url}/api/messages`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body,
      ...({ duplex: 'half' } as object),
    });
  }

  /** Sends raw bytes, and returns everything received until the connection closes. */
  const raw = (...pieces: string[]): Promise<string> => rawTo(gateway, ...pieces);

  async function rawTo({ url }: GatewayUnderTest, ...pieces: string[]): Promise<string> {
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    const closed = new Promise<void>((resolve) =>
      socket
        .on('close', () => {
          resolve();
        })
        .on('error', () => {
          resolve();
        }),
    );
    for (const piece of pieces) socket.write(piece);
    await closed;
    return Buffer.concat(chunks).toString();
  }

  /** Parses the answer of `raw`, and checks that it is a refusal without any part of the input; returns its body. */
  function refusal(answer: string, status: number): unknown {
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} `));
    expect(answer).not.toContain(CANARY);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toContain('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status });
    return JSON.parse(body);
  }

  const good = () => sealedMessageToJson(sealedMessage());
  const without = (name: string) => Object.fromEntries(Object.entries(good()).filter(([key]) => key !== name));

  it('keeps an idle connection open for the time that nginx’s configuration assumes', async () => {
    const { headers } = await fetch(new URL('/health', gateway.url));
    expect(headers.get('keep-alive')).toBe(`timeout=${String(GATEWAY_KEEP_ALIVE_SECONDS)}`);
  });

  it.each<[string, () => unknown]>([
    ['a missing field', () => without('nonce')],
    ['an unknown field', () => ({ ...good(), [CANARY]: 1 })],
    ['a nullifier of null, and no proof', () => ({ ...good(), nullifier: null })],
    ['a field of another type', () => ({ ...good(), expiresAt: CANARY })],
    ['a __proto__ member', () => JSON.parse(`{"__proto__":{"x":1},${JSON.stringify(good()).slice(1)}`) as unknown],
    ['a ciphertext whose length is no bucket size', () => ({ ...good(), ciphertext: 'AAAA' })],
    ['padding in base64url', () => ({ ...good(), nonce: `${'A'.repeat(31)}=` })],
    ['unused base64url bits that are set', () => ({ ...good(), keyId: `${'A'.repeat(21)}B` })],
    ['a fraction', () => ({ ...good(), expiresAt: 1.5 })],
    ['null instead of an object', () => null],
    ['an array instead of an object', () => [good()]],
    ['text instead of an object', () => CANARY],
  ])('refuses a JSON body with %s', async (_, body) => {
    await expectProblem(await post(JSON.stringify(body())), 'malformed_body');
  });

  it.each<[string, string | Uint8Array]>([
    ['empty', ''],
    ['broken', `{"version":1,"${CANARY}`],
    ['far too deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['just too deep', `${'['.repeat(LIMITS.maxDepth + 1)}${']'.repeat(LIMITS.maxDepth + 1)}`],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
    ['preceded by a byte order mark', Buffer.from(`\ufeff{}`)],
    [
      'an object with a member twice',
      JSON.stringify(sealedMessageToJson(sealedMessage())).replace('{', '{"version":1,'),
    ],
    ['an object with a member twice, once escaped', `{"${CANARY}":1,"\\u0063${CANARY.slice(1)}":2}`],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
  ])('refuses JSON that is %s', async (_, body) => {
    await expectProblem(await post(typeof body === 'string' ? body : new Uint8Array(body)), 'malformed_body');
  });

  it.each<[string, () => Uint8Array]>([
    ['empty', () => new Uint8Array()],
    ['JSON', () => Buffer.from(JSON.stringify(good()))],
    ['cut short', () => encodeSealedMessage(sealedMessage()).slice(0, -1)],
    ['followed by another byte', () => Buffer.concat([encodeSealedMessage(sealedMessage()), Buffer.of(0)])],
    ['far too deep', () => Buffer.alloc(10_000, 0x81)],
    ['an array with a huge count', () => Buffer.from('9b00ffffffffffffff', 'hex')],
    ['of indefinite length', () => Buffer.from('9fff', 'hex')],
    ['tagged', () => Buffer.concat([Buffer.of(0xd2), encodeSealedMessage(sealedMessage())])],
  ])('refuses CBOR that is %s', async (_, body) => {
    await expectProblem(await post(new Uint8Array(body()), { 'content-type': 'application/cbor' }), 'malformed_body');
  });

  it('refuses an unknown suite', async () => {
    await expectProblem(await post(JSON.stringify({ ...good(), suite: CANARY })), 'suite_unsupported');
  });

  it('refuses a body above the limit of its encoding, whether its length is announced or not', async () => {
    await expectProblem(await post('x'.repeat(LIMITS.maxEnvelopeJsonBytes + 1)), 'body_too_large');
    await expectProblem(
      await post(new Uint8Array(LIMITS.maxEnvelopeBytes + 1), { 'content-type': 'application/cbor' }),
      'body_too_large',
    );
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    // The server answers and closes the connection. On some systems fetch's write fails before fetch reads the answer.
    await post(endless).then(
      (response) => expectProblem(response, 'body_too_large'),
      (error: unknown) => {
        expect(error).toBeInstanceOf(TypeError);
      },
    );
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    'application/problem+json',
    'nonsense',
    '/',
    'application/json;;;=,',
    'application/json,application/cbor',
    'application/json; charset',
    'application/json x',
    `application/json;${' '.repeat(5000)};${' '.repeat(5000)},`,
  ])('refuses the content type %s', async (contentType) => {
    await expectProblem(await post('{}', { 'content-type': contentType }), 'unsupported_media_type');
  });

  it.each([
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/json;',
    'application/json ; a="b;c" ;; d=e',
  ])('reads the content type %s', async (contentType) => {
    await expectProblem(await post('{}', { 'content-type': contentType }), 'malformed_body');
  });

  it('refuses a compressed body, and a missing one', async () => {
    await expectProblem(await post('{}', { 'content-encoding': 'gzip' }), 'unsupported_media_type');
    await expectProblem(
      await fetch(`${gateway.url}/api/messages`, { method: 'POST', headers: { authorization: `Bearer ${token}` } }),
      'unsupported_media_type',
    );
  });

  it('checks the token before the body', async () => {
    await expectProblem(await post('{broken', { authorization: 'Bearer x' }), 'unauthenticated');
    const response = await post('{}', { authorization: '' });
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('answers a wrong method with 405 and an unknown address with 404', async () => {
    const response = await post(null, {}, 'DELETE');
    expect(response.headers.get('allow')).toBe('POST');
    expect((await fetch(`${gateway.url}/api/budget`, { method: 'PUT' })).headers.get('allow')).toBe('GET, HEAD');
    await expectProblem(response, 'method_not_allowed');
    await expectProblem(await fetch(`${gateway.url}/api/messages/${CANARY}`, { method: 'PUT' }), 'method_not_allowed');
    for (const path of [`/${CANARY}`, '/api', '/api/messages/a/b', '/API/messages/x', '/.env', '/docs/../main.js'])
      await expectProblem(await fetch(`${gateway.url}${path}`), 'not_found');
    await expectProblem(
      await fetch(`${gateway.url}/api/messages/`, { headers: { authorization: `Bearer ${token}` } }),
      'not_found',
    );
  });

  it('refuses an address that is malformed or too long', async () => {
    await expectProblem(await fetch(`${gateway.url}/%zz`), 'malformed_request');
    await expectProblem(await fetch(`${gateway.url}/api/messages/${'a'.repeat(300)}`), 'uri_too_long');
    await expectProblem(await fetch(`${gateway.url}/${'a'.repeat(8192)}`), 'uri_too_long');
    expect((await fetch(`${gateway.url}/${'a'.repeat(8191)}`)).status).toBe(404);
    await expectProblem(await fetch(`${gateway.url}/api/health/history?since=x`), 'malformed_request');
  });

  it.each<[string, (string | (() => string))[], number]>([
    ['headers that are too large', [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`], 431],
    ['headers that are far too large', [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`], 431],
    ['an address of 20 KB', [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`], 414],
    ['an address of 40 KB', [`GET /${'a'.repeat(40_000)} HTTP/1.1\r\nhost: x\r\n\r\n`], 414],
    ['an unknown transfer coding', ['POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n'], 501],
    [
      'an unknown transfer coding before chunked',
      ['POST /api/messages HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
      501,
    ],
    [
      'a transfer coding after chunked',
      ['POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, gzip\r\n\r\n'],
      400,
    ],
    [
      'two tokens',
      [
        () =>
          `GET /api/budget HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\nAuthorization: Bearer ${CANARY}\r\n\r\n`,
      ],
      400,
    ],
    [
      'two content types',
      [
        () =>
          `POST /api/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-type: application/cbor\r\ncontent-length: 2\r\n\r\n{}`,
      ],
      400,
    ],
    ['text that is not HTTP', [`${CANARY}\r\n\r\n`], 400],
    [
      'two lengths',
      ['POST /api/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'],
      400,
    ],
    [
      'a length and chunks',
      ['POST /api/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
      400,
    ],
    ['no host', ['GET / HTTP/1.1\r\n\r\n'], 400],
    ['two hosts', [`GET /health HTTP/1.1\r\nhost: x\r\nHost: ${CANARY}\r\n\r\n`], 400],
    [
      'an unknown expectation',
      [
        `POST /api/messages HTTP/1.1\r\nhost: x\r\nexpect: ${CANARY}\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`,
      ],
      401,
    ],
  ])('refuses a request with %s and closes the connection', async (_, pieces, status) => {
    const body = refusal(await raw(...pieces.map((piece) => (typeof piece === 'string' ? piece : piece()))), status);
    if (status === 400) expect(body).toMatchObject({ code: 'malformed_request' });
  });

  it.each([
    ['headers never end', () => 'GET / HTTP/1.1\r\nhost: x\r\nx-slow: '],
    [
      'body never comes',
      () =>
        `POST /api/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{`,
    ],
  ])('refuses a request whose %s, and closes the connection', async (_, start) => {
    await using impatient = await startGateway({ ...environment, REQUEST_TIMEOUT_MS: '1000' });
    refusal(await rawTo(impatient, start()), 408);
  });

  it.each<[string, () => string, number]>([
    ['without a token', () => 'content-type: application/json\r\ncontent-length: 1000\r\n', 401],
    [
      'that is too large',
      () =>
        `authorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${String(LIMITS.maxEnvelopeJsonBytes + 1)}\r\n`,
      413,
    ],
    [
      'that is too large for CBOR',
      () =>
        `authorization: Bearer ${token}\r\ncontent-type: application/cbor\r\ncontent-length: ${String(LIMITS.maxEnvelopeBytes + 1)}\r\n`,
      413,
    ],
    [
      'of another type',
      () => `authorization: Bearer ${token}\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n`,
      415,
    ],
  ])(
    'refuses a request %s at once if it expects 100-continue, and closes the connection',
    async (_, headers, status) => {
      const answer = await raw(`POST /api/messages HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n${headers()}\r\n`);
      expect(answer.match(/HTTP\/1\.1 [0-9]+/g)).toEqual([`HTTP/1.1 ${String(status)}`]);
      expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n');
    },
  );

  describe('HEAD', () => {
    const both = async (path: string, headers: Record<string, string> = {}) => {
      const [get, head] = await Promise.all(
        ['GET', 'HEAD'].map((method) => fetch(`${gateway.url}${path}`, { method, headers })),
      );
      if (get === undefined || head === undefined) throw new Error('two answers');
      expect(await head.text()).toBe('');
      await get.body?.cancel();
      return { get, head };
    };

    it.each([
      '/health',
      '/health/ready',
      '/api/health/history',
      '/api/health/tee',
      '/attestation',
      '/docs',
      '/docs-json',
      '/nothing',
    ])('is answered like GET, but without a body: %s', async (path) => {
      const { get, head } = await both(path);
      expect(head.status).toBe(get.status);
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
      if (get.headers.has('content-length') && head.headers.has('content-length'))
        expect(Number(head.headers.get('content-length'))).toBeGreaterThan(0);
    });

    it('requires the same token and counts in the same limits as GET', async () => {
      const { get, head } = await both('/api/budget');
      expect([get.status, head.status]).toEqual([401, 401]);
      const authorized = await both('/api/budget', { authorization: `Bearer ${token}` });
      expect([authorized.get.status, authorized.head.status]).toEqual([200, 200]);
      expect(authorized.head.headers.get('ratelimit-policy')).toBe(authorized.get.headers.get('ratelimit-policy'));
    });

    it('opens no stream for a message', async () => {
      const headers = { authorization: `Bearer ${token}` };
      const { id } = (await (await post(JSON.stringify(good()))).json()) as { id: string };
      for (let round = 0; round < 15; round++) {
        const head = await fetch(`${gateway.url}/api/messages/${id}/events`, { method: 'HEAD', headers });
        expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([
          200,
          'text/event-stream',
          '',
        ]);
      }
      const unknown = await fetch(`${gateway.url}/api/messages/00000000-0000-4000-8000-000000000000/events`, {
        method: 'HEAD',
        headers,
      });
      expect(unknown.status).toBe(404);
    });

    it('gets 405 where GET gets 405', async () => {
      expect((await fetch(`${gateway.url}/api/messages`, { method: 'HEAD' })).status).toBe(405);
    });
  });

  it('serves HTTP/1.0, which has no Host header', async () => {
    expect(await raw('GET /api/budget HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('ignores X-Forwarded-For unless a proxy is configured', async () => {
    const limited = { ...environment, RATE_LIMIT_MAX_REQUESTS: '5' };
    const statuses = async (at: GatewayUnderTest) =>
      Promise.all(
        Array.from(
          { length: 10 },
          async (_, index) =>
            (await fetch(`${at.url}/api/budget`, { headers: { 'x-forwarded-for': `203.0.113.${String(index)}` } }))
              .status,
        ),
      );
    await using strict = await startGateway(limited);
    expect((await statuses(strict)).filter((status) => status === 429)).toHaveLength(5);
    await using behindProxy = await startGateway({ ...limited, TRUSTED_PROXIES: '127.0.0.1' });
    expect((await statuses(behindProxy)).filter((status) => status === 401)).toHaveLength(10);
  });

  it('limits each user, across all addresses', async () => {
    await using limited = await startGateway({
      ...environment,
      RATE_LIMIT_MAX_REQUESTS: '3',
      TRUSTED_PROXIES: '127.0.0.1',
    });
    const ask = async (index: number) =>
      fetch(`${limited.url}/api/budget`, {
        headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': `203.0.113.${String(index)}` },
      });
    const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => ask(index)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(3);
    for (const response of refused) {
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      await expectProblem(response, 'rate_limited');
    }
  });

  it('finishes a running request while it shuts down', async () => {
    const closing = await startGateway(environment);
    const body = JSON.stringify(good());
    const { port } = new URL(closing.url);
    const socket = connect(Number(port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    const ended = new Promise<void>((resolve) =>
      socket.on('close', () => {
        resolve();
      }),
    );
    socket.write(
      `POST /api/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${String(body.length)}\r\nexpect: 100-continue\r\n\r\n`,
    );
    while (!answer.includes('100 Continue')) await new Promise((resolve) => setTimeout(resolve, 5));
    const closed = closing.close();
    socket.write(body);
    await closed;
    await ended;
    expect(answer).toContain('HTTP/1.1 202 Accepted');
  });
});
