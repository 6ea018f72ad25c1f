import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSealedMessage, PROBLEMS, type ProblemCode, sealedMessageToJson } from '@communique-tee/protocol';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import * as fc from 'fast-check';
import { negotiate } from '../../core/routing/accept';
import { createApp } from '../../create-app';
import { clientAddress } from '../../features/limits/client-address';
import { testConfig } from '../../testing/gateway-under-test';
import { createIssuer } from '../../testing/issuer';
import { sealedMessage } from '../../testing/sealed';

/** The number of requests for each property; a failure is printed with its seed. */
const RUNS = { numRuns: 150, interruptAfterTimeLimit: 15_000 } as const;
const CANARY = 'canary5eed';

/** Any input from the network must get a documented answer that contains no part of the input, and never a 500. */
describe('fuzzed requests', () => {
  let postgres: Postgres;
  let folder: string;
  let app: NestFastifyApplication;
  let port: number;
  let token: string;
  const unhandled: unknown[] = [];
  const remember = (error: unknown) => {
    unhandled.push(error);
  };

  beforeAll(async () => {
    process.on('unhandledRejection', remember);
    process.on('uncaughtExceptionMonitor', remember);
    postgres = await startPostgres();
    folder = await mkdtemp(join(tmpdir(), 'communique-fuzz-'));
    const issuer = await createIssuer();
    await issuer.writeKeySet(join(folder, 'jwks.json'));
    const url = await postgres.createMigratedDatabase();
    const config = testConfig({
      DATABASE_URL: url,
      AUTH_JWKS_FILE: join(folder, 'jwks.json'),
      TRUSTED_PROXIES: '127.0.0.0/8',
      REQUEST_TIMEOUT_MS: '5000',
      DEFAULT_USER_DAILY_LIMIT: '100000',
      SYSTEM_HOURLY_LIMIT: '100000',
      EMERGENCY_SHUTDOWN_THRESHOLD: '100000',
      RATE_LIMIT_ATTESTATION_MAX_REQUESTS: '1000000',
    });
    app = await createApp(config);
    await app.listen(0, '127.0.0.1');
    port = Number(new URL(await app.getUrl()).port);
    token = await issuer.token('alice');
  });
  afterAll(async () => {
    await app.close();
    await postgres.stop();
    await rm(folder, { recursive: true });
    process.off('unhandledRejection', remember);
    process.off('uncaughtExceptionMonitor', remember);
  });
  afterEach(() => {
    expect(unhandled).toEqual([]);
  });

  interface Line {
    readonly name: string;
    readonly value: string;
  }
  const authorized = () => ({ name: 'authorization', value: `Bearer ${token}` });

  /** Sends raw bytes on a separate connection, because fetch would refuse or repair half of them. Header values are Latin-1. */
  async function send(
    start: string,
    lines: readonly Line[],
    body: Uint8Array = new Uint8Array(),
  ): Promise<{ status: number; head: string; body: string }> {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    const closed = new Promise<void>((resolve) =>
      socket
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('error', () => undefined)
        .on('close', () => {
          resolve();
        }),
    );
    const length = body.length === 0 ? [] : [{ name: 'content-length', value: String(body.length) }];
    const head = [{ name: 'host', value: 'x' }, { name: 'connection', value: 'close' }, ...length, ...lines]
      .map(({ name, value }) => `${name}: ${value}\r\n`)
      .join('');
    socket.write(Buffer.concat([Buffer.from(`${start} HTTP/1.1\r\n${head}\r\n`, 'latin1'), body]));
    await closed;
    const text = Buffer.concat(chunks).toString('latin1');
    const [top = '', ...rest] = text.split('\r\n\r\n');
    return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(top)?.[1]), head: top, body: rest.join('\r\n\r\n') };
  }

  /** Checks that a problem contains no part of the input and has a code that this route documents. */
  function expectProblem(answer: { status: number; head: string; body: string }, ...codes: ProblemCode[]): void {
    expect(answer.body).not.toContain(CANARY);
    expect(answer.head).not.toContain(CANARY);
    const { code } = JSON.parse(answer.body) as { code: ProblemCode };
    expect(codes).toContain(code);
    expect(answer.status).toBe(PROBLEMS[code].status);
  }

  const BODY: ProblemCode[] = [
    'malformed_body',
    'suite_unsupported',
    'body_too_large',
    'expiry_out_of_range',
    'message_id_taken',
    'idempotency_key_reused',
  ];
  const post = (type: string, body: Uint8Array, more: readonly Line[] = []) =>
    send('POST /api/messages', [authorized(), { name: 'content-type', value: type }, ...more], body);

  const ways = fc.oneof(
    fc.record({
      way: fc.constant('set' as const),
      value: fc.oneof(fc.jsonValue(), fc.string(), fc.bigInt().map(String), fc.constant(CANARY)),
    }),
    fc.record({ way: fc.constant('drop' as const), value: fc.constant(null) }),
    fc.record({
      way: fc.constant('add' as const),
      value: fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString'), fc.string()),
    }),
  );
  const fields = Object.keys(sealedMessageToJson(sealedMessage()));

  it('get a documented answer for any JSON body', async () => {
    const anything = fc.oneof(
      fc.json({ maxDepth: 12 }),
      fc.string({ unit: 'binary' }),
      fc.json().map((text) => text.slice(0, -1)),
      fc.constant(`{"${CANARY}":`),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (text) => {
        expectProblem(await post('application/json', Buffer.from(`${text} `)), ...BODY);
      }),
      RUNS,
    );
  });

  it('get a documented answer for a JSON message with one wrong member', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fields), ways, async (field, { way, value }) => {
        const message = sealedMessageToJson(sealedMessage());
        const entries = Object.entries(message).flatMap(([name, old]): [string, unknown][] =>
          name !== field
            ? [[name, old]]
            : way === 'set'
              ? [[name, value]]
              : way === 'drop'
                ? []
                : [
                    [name, old],
                    [`${CANARY}${String(value)}`, 1],
                  ],
        );
        // Written by hand, because an object would lose __proto__.
        const answer = await post(
          'application/json',
          Buffer.from(`{${entries.map(([name, of]) => `${JSON.stringify(name)}:${JSON.stringify(of)}`).join(',')}}`),
        );
        if (answer.status !== 202) expectProblem(answer, ...BODY);
      }),
      RUNS,
    );
  });

  it('get a documented answer for a good message whose bytes are changed, cut or repeated', async () => {
    const damage = fc.array(
      fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom('set', 'cut', 'insert', 'repeat') }),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('application/json', 'application/cbor'),
        damage,
        fc.boolean(),
        async (type, steps, head) => {
          const message = sealedMessage();
          let bytes: Uint8Array =
            type === 'application/cbor'
              ? encodeSealedMessage(message)
              : Buffer.from(JSON.stringify(sealedMessageToJson(message)));
          for (const { at, byte, kind } of steps) {
            const index = at % Math.max(1, head ? Math.min(80, bytes.length) : bytes.length);
            const [before, after] = [bytes.slice(0, index), bytes.slice(index)];
            if (kind === 'set') bytes[index] = byte;
            else
              bytes = new Uint8Array(
                Buffer.concat(
                  kind === 'cut'
                    ? [before, after.slice(1 + (byte % 16))]
                    : kind === 'insert'
                      ? [before, Uint8Array.of(byte), after]
                      : [before, after, after],
                ),
              );
          }
          const answer = await post(type, bytes.length === 0 ? Uint8Array.of(0) : bytes);
          if (answer.status !== 202) expectProblem(answer, ...BODY);
        },
      ),
      RUNS,
    );
  });

  it('get a documented answer for any CBOR body', async () => {
    const header = fc
      .tuple(
        fc.constantFrom(0x80, 0x89, 0x9b, 0x9f, 0xbb, 0xbf, 0x5b, 0x5f, 0x7f, 0xd8, 0xf9, 0xfb, 0xff),
        fc.uint8Array({ maxLength: 300 }),
      )
      .map(([first, rest]) => Uint8Array.of(first, ...rest));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 2000 }), header), async (bytes) => {
        expectProblem(await post('application/cbor', bytes), ...BODY);
      }),
      RUNS,
    );
  });

  /** Text for a header: Latin-1 without line ends and NUL. It may have control characters, which the HTTP parser refuses. */
  const headerText = fc
    .array(
      fc.integer({ min: 1, max: 255 }).filter((code) => code !== 10 && code !== 13),
      { maxLength: 200 },
    )
    .map((codes) => String.fromCharCode(...codes));
  const withCanary = fc
    .tuple(headerText, headerText, fc.boolean())
    .map(([before, after, there]) => (there ? `${before}${CANARY}${after}` : before));

  it('get a documented answer for any Idempotency-Key', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(withCanary, { minLength: 1, maxLength: 2 }), async (values) => {
        const answer = await post(
          'application/json',
          Buffer.from(JSON.stringify(sealedMessageToJson(sealedMessage()))),
          values.map((value) => ({ name: 'idempotency-key', value })),
        );
        if (answer.status !== 202)
          expectProblem(answer, 'idempotency_key_invalid', 'malformed_request', 'idempotency_key_reused');
      }),
      RUNS,
    );
  });

  it('get a documented answer for any Authorization', async () => {
    const part = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'abcXYZ019-_') }),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
      fc.constantFrom(
        Buffer.from('{"alg":"none"}').toString('base64url'),
        Buffer.from('{"alg":"EdDSA","kid":"key-1"}').toString('base64url'),
        Buffer.from(`{"alg":"HS256","kid":"${CANARY}"}`).toString('base64url'),
      ),
    );
    const jwt = fc.tuple(part, part, part).map((parts) => `Bearer ${parts.join('.')}`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            jwt,
            withCanary,
            withCanary.map((text) => `Bearer ${text}`),
            fc.constant(`Bearer ${'a'.repeat(9000)}`),
          ),
          { maxLength: 2 },
        ),
        async (values) => {
          expectProblem(
            await send(
              'GET /api/budget',
              values.map((value) => ({ name: 'authorization', value })),
            ),
            'unauthenticated',
            'malformed_request',
            'headers_too_large',
          );
        },
      ),
      RUNS,
    );
  });

  it('get a documented answer for any X-Forwarded-For of a trusted proxy', async () => {
    const entry = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV4Extended(),
      fc.constantFrom(
        '',
        ' ',
        'unknown',
        '::ffff:1.2.3.4',
        '127.0.0.1',
        'fe80::1%eth0',
        '[::1]:80',
        '1.2.3.4:80',
        '999.1.1.1',
        CANARY,
      ),
      headerText,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(entry, { maxLength: 30 }), { minLength: 1, maxLength: 2 }),
        async (headers) => {
          expectProblem(
            await send(
              'GET /api/budget',
              headers.map((entries) => ({ name: 'x-forwarded-for', value: entries.join(', ') })),
            ),
            'unauthenticated',
            'malformed_request',
          );
        },
      ),
      RUNS,
    );
    fc.assert(
      fc.property(
        fc.oneof(entry, fc.string({ unit: 'binary' })),
        fc.option(entry, { nil: undefined }),
        (claimed, peer) => {
          expect(clientAddress(claimed, peer)).toMatch(/^(unknown|[0-9.]{7,15}|[0-9a-f:]+::\/64)$/);
        },
      ),
    );
  });

  it('get a documented answer for any Accept and any nonce', async () => {
    fc.assert(
      fc.property(
        fc.oneof(headerText, fc.constantFrom('*/*;q=', 'application/json;q=0.0005', ';;;', ',,,', '*/json')),
        (accept) => {
          expect([undefined, 'application/json', 'application/cose']).toContain(
            negotiate(accept, ['application/json', 'application/cose']),
          );
        },
      ),
    );
    const nonce = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'0aFf'), maxLength: 140 }),
      fc.constantFrom(CANARY, '*', '%00', `${'ab'.repeat(16)}%0a`, `${'ab'.repeat(16)}&nonce=${'cd'.repeat(16)}`),
      fc.webQueryParameters(),
      fc.string({ unit: fc.constantFrom(...'%&=?#[]{}|nonce0aZ+;') }),
    );
    // There is no enclave, so a request with a valid nonce gets `enclave_unavailable` at best.
    await fc.assert(
      fc.asyncProperty(nonce, withCanary, async (text, accept) => {
        expectProblem(
          await send(`GET /attestation?nonce=${text.replace(/[^\x21-\x7e]/g, '')}`, [
            { name: 'accept', value: accept },
          ]),
          'nonce_invalid',
          'not_acceptable',
          'malformed_request',
          'enclave_unavailable',
          'enclave_busy',
        );
      }),
      RUNS,
    );
    await fc.assert(
      fc.asyncProperty(nonce, async (text) => {
        expectProblem(
          await send(`GET /attestation?nonce=${text.replace(/[^\x21-\x7e]/g, '')}`, []),
          'nonce_invalid',
          'malformed_request',
          'enclave_unavailable',
          'enclave_busy',
        );
      }),
      RUNS,
    );
  });

  it('get a documented answer for any id and any path', async () => {
    const id = fc.oneof(
      fc.webSegment(),
      fc.uuid(),
      fc.string({ unit: fc.constantFrom(...'%00/..;:@*ABCabc-\\') }),
      fc.constantFrom(CANARY, '*', '%00', '%2e%2e%2f', '%c0%af', '..%5c', '__proto__', 'a'.repeat(300), '%F0%9F%98%80'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/api/messages/', '/', '/docs/', '/docs/../', '//', '/api/messages/../'),
        id,
        async (before, path) => {
          const answer = await send(`GET ${before}${path}`, [authorized()]);
          if (answer.status < 400 && before.startsWith('/docs')) return;
          if (answer.status === 200 && /^\/+(docs|docs-json)(\/|$|\?)/.test(before + path)) return;
          expectProblem(answer, 'not_found', 'malformed_request', 'uri_too_long');
        },
      ),
      RUNS,
    );
  });
});
