import { createHmac } from 'node:crypto';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportSPKI, type JWTPayload } from 'jose';
import { pino } from 'pino';
import { Logger } from '../../core/telemetry/logger';
import { AUDIENCE, createIssuer, ISSUER, type Issuer } from '../../testing/issuer';
import { openKeySource } from './key-source';
import { createTokenVerifier, ownerOf, type TokenVerifier } from './token-verifier';

const logger = new Logger({ log: { level: 'silent' } }, pino.destination('/dev/null'));
const settings = {
  issuer: ISSUER,
  audience: AUDIENCE,
  algorithms: ['EdDSA', 'ES256', 'RS256'],
  tokenType: 'at+jwt',
  clockSkewSeconds: 30,
} as const;
const now = () => Math.floor(Date.now() / 1000);
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a bearer token', () => {
  let folder: string;
  let issuer: Issuer;
  let rsa: Issuer;
  let verify: TokenVerifier;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'communique-auth-'));
    issuer = await createIssuer();
    rsa = await createIssuer('RS256', 'rsa-1');
    const file = join(folder, 'jwks.json');
    await issuer.writeKeySet(file, [rsa.jwk]);
    verify = createTokenVerifier(settings, await openKeySource({ file, staleMs: 3_600_000 }, logger), logger);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const refused = (authorization: string | undefined) =>
    expect(verify(authorization)).rejects.toMatchObject({ code: 'unauthenticated' });

  it('names its owner by a hash of issuer and subject', async () => {
    expect(await verify(`Bearer ${await issuer.token('alice')}`)).toEqual({
      owner: ownerOf(ISSUER, 'alice'),
      scopes: [],
    });
    expect(await verify(`bearer ${await rsa.token('alice')}`)).toEqual({ owner: ownerOf(ISSUER, 'alice'), scopes: [] });
    expect(ownerOf(ISSUER, 'alice')).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(ownerOf('a', 'bc')).not.toBe(ownerOf('ab', 'c'));
  });

  it.each<[string, JWTPayload]>([
    ['of another issuer', { iss: 'https://evil.test/' }],
    ['without an issuer', { iss: undefined as never }],
    ['for another audience', { aud: 'other' }],
    ['for no audience', { aud: undefined as never }],
    ['that has expired', { exp: now() - 31 }],
    ['that never expires', { exp: undefined as never }],
    ['that is not valid yet', { nbf: now() + 120 }],
    ['whose expiry is text', { exp: '9999999999' as unknown as number }],
  ])('%s is refused', async (_, claims) => {
    await refused(`Bearer ${await issuer.token('alice', claims)}`);
  });

  it('is accepted if it expired less than the clock skew ago', async () => {
    await expect(verify(`Bearer ${await issuer.token('alice', { exp: now() - 20 })}`)).resolves.toBeDefined();
  });

  it('without a subject, or with a subject that is empty, too long or not a string, is refused', async () => {
    await refused(`Bearer ${await issuer.token(undefined)}`);
    await refused(`Bearer ${await issuer.token('')}`);
    await refused(`Bearer ${await issuer.token('x'.repeat(600))}`);
    await refused(`Bearer ${await issuer.token('a', { sub: 7 as unknown as string })}`);
  });

  it('without a signature (alg none) is refused', async () => {
    const payload = encode({ iss: ISSUER, aud: AUDIENCE, sub: 'alice', exp: now() + 300 });
    for (const alg of ['none', 'None', 'NONE']) {
      await refused(`Bearer ${encode({ alg })}.${payload}.`);
      await refused(`Bearer ${encode({ alg, kid: 'key-1' })}.${payload}.AAAA`);
    }
  });

  it('signed by HMAC with the public key is refused', async () => {
    const payload = encode({ iss: ISSUER, aud: AUDIENCE, sub: 'alice', exp: now() + 300 });
    const pem = await exportSPKI(rsa.publicKey);
    for (const secret of [pem, pem.trim(), JSON.stringify(rsa.jwk)]) {
      for (const kid of ['rsa-1', undefined]) {
        const head = encode({ alg: 'HS256', typ: 'JWT', kid });
        await refused(
          `Bearer ${head}.${payload}.${createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url')}`,
        );
      }
    }
  });

  it('signed with a key or an algorithm that the key set does not have is refused', async () => {
    await refused(`Bearer ${await (await createIssuer('EdDSA', 'other')).token('alice')}`);
    await refused(`Bearer ${await (await createIssuer('EdDSA', 'key-1')).token('alice')}`);
    await refused(`Bearer ${await (await createIssuer('ES384', 'key-1')).token('alice')}`);
  });

  it('signed by a key of the set under an algorithm that is not configured is refused', async () => {
    const other = await createIssuer('ES384', 'p384');
    const file = join(folder, 'with-p384.json');
    await issuer.writeKeySet(file, [other.jwk]);
    const source = await openKeySource({ file, staleMs: 3_600_000 }, logger);
    const authorization = `Bearer ${await other.token('alice')}`;
    await expect(createTokenVerifier(settings, source, logger)(authorization)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(
      createTokenVerifier({ ...settings, algorithms: ['ES384'] }, source, logger)(authorization),
    ).resolves.toBeDefined();
  });

  it('that carries its own key is refused', async () => {
    const evil = await createIssuer('EdDSA', 'evil');
    const { SignJWT } = await import('jose');
    const token = await new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: 'alice', exp: now() + 300 })
      .setProtectedHeader({ alg: 'EdDSA', jwk: evil.jwk, jku: 'http://evil.test/jwks' })
      .sign(evil.privateKey);
    await refused(`Bearer ${token}`);
  });

  it('that was changed in any part is refused', async () => {
    const [head = '', , signature = ''] = (await issuer.token('alice')).split('.');
    const mallory = encode({ iss: ISSUER, aud: AUDIENCE, sub: 'mallory', exp: now() + 300 });
    await refused(`Bearer ${head}.${mallory}.${signature}`);
    await refused(`Bearer ${encode({ alg: 'EdDSA', kid: 'key-1', crit: ['x'], x: 1 })}.${mallory}.${signature}`);
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    'Bearer a.b',
    'Bearer a.b.c.d',
    'Bearer a.b.c, Bearer d.e.f',
    'Bearer \u0000.b.c',
  ])('in the authorization header %j is refused', async (authorization) => {
    await refused(authorization);
  });

  it('that is too long is refused', async () => {
    await refused(`Bearer ${await issuer.token('alice', { more: 'x'.repeat(8192) })}`);
  });
});

describe('among tokens with a valid issuer, audience and times,', () => {
  let folder: string;
  let issuer: Issuer;
  let lines: string[];
  let open: (tokenType: 'at+jwt' | 'any') => Promise<TokenVerifier>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'communique-auth-'));
    issuer = await createIssuer();
    const file = join(folder, 'jwks.json');
    await issuer.writeKeySet(file);
    open = async (tokenType) => {
      lines = [];
      const written = new Logger({ log: { level: 'info' } }, { write: (line: string) => lines.push(line) });
      return createTokenVerifier(
        { ...settings, tokenType },
        await openKeySource({ file, staleMs: 3_600_000 }, logger),
        written,
      );
    };
  });
  afterAll(() => rm(folder, { recursive: true }));

  const accepts = async (verify: TokenVerifier, claims: JWTPayload, typ: string | null) =>
    verify(`Bearer ${await issuer.token('alice', claims, { typ })}`).then(
      () => true,
      (error: { code?: string }) => (error.code === 'unauthenticated' ? false : Promise.reject(error as Error)),
    );

  it.each<[string, JWTPayload, string | null]>([
    ['an ID token', { nonce: 'n-0S6_WzA2Mj', auth_time: now() }, 'JWT'],
    ['an ID token that only its type reveals', {}, 'JWT'],
    ['a token without a type', {}, null],
    ['a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, 'logout+jwt'],
    ['a token whose type only contains the right type', {}, 'x-at+jwt'],
    ['a token with an empty type', {}, ''],
  ])('%s is refused if AUTH_TOKEN_TYPE is at+jwt', async (_name, claims, typ) => {
    expect(await accepts(await open('at+jwt'), claims, typ)).toBe(false);
  });

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt'])('a token of type %s is accepted', async (typ) => {
    expect(await accepts(await open('at+jwt'), {}, typ)).toBe(true);
    expect(await accepts(await open('any'), {}, typ)).toBe(true);
  });

  it.each<[string, JWTPayload, string | null]>([
    ['nonce', { nonce: 'n-0S6_WzA2Mj' }, 'JWT'],
    ['at_hash', { at_hash: '77QmUPtjPfzWtF2AnpK9RQ' }, null],
    ['at_hash and the type of an access token', { at_hash: '77QmUPtjPfzWtF2AnpK9RQ' }, 'at+jwt'],
    ['a nonce that is empty', { nonce: '' }, 'JWT'],
    ['c_hash', { c_hash: 'LDktKdoQak3Pk0cnXxCltA' }, 'JWT'],
    ['Cognito’s token_use', { token_use: 'id' }, null],
    ['Keycloak’s claim typ', { typ: 'ID' }, 'JWT'],
    ['the type of a logout token', {}, 'logout+jwt'],
    ['the type of a DPoP proof', {}, 'dpop+jwt'],
  ])('a token with %s is refused even if AUTH_TOKEN_TYPE is any', async (_name, claims, typ) => {
    expect(await accepts(await open('any'), claims, typ)).toBe(false);
  });

  it.each<[string, JWTPayload, string | null]>([
    ['without a type', {}, null],
    ['of type JWT with Cognito’s token_use', { token_use: 'access' }, 'JWT'],
    ['of type JWT with Keycloak’s claim typ', { typ: 'Bearer' }, 'JWT'],
    ['of type okta-internal-at+jwt', {}, 'application/okta-internal-at+jwt'],
  ])('a token %s is accepted if AUTH_TOKEN_TYPE is any', async (_name, claims, typ) => {
    expect(await accepts(await open('any'), claims, typ)).toBe(true);
  });

  it('a wrong type is logged once, without the token', async () => {
    const verify = await open('at+jwt');
    for (let time = 0; time < 3; time++) expect(await accepts(verify, {}, 'JWT')).toBe(false);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', variable: 'AUTH_TOKEN_TYPE' });
    expect(lines[0]).not.toContain('alice');
  });
});

describe('a key set fetched from a URL', () => {
  let server: Server;
  let url: string;
  let answer: () => { status: number; body: string } | 'hang';
  let fetched = 0;

  beforeAll(async () => {
    server = createServer((_, response) => {
      fetched++;
      const next = answer();
      if (next !== 'hang') response.writeHead(next.status, { 'content-type': 'application/json' }).end(next.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/jwks`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const open = async (over: { staleMs?: number; timeoutMs?: number } = {}) =>
    createTokenVerifier(
      settings,
      await openKeySource({ url, timeoutMs: 30_000, cooldownMs: 60_000, staleMs: 3_600_000, ...over }, logger),
      logger,
    );

  /** Only a test that waits for the timeout gets a short one: a busy machine could reach it in the others. */
  const timeoutFor = (wrong: unknown) => (wrong === 'hang' ? { timeoutMs: 1500 } : {});

  it('is fetched once for many tokens, and not again for unknown key ids within the cooldown', async () => {
    const issuer = await createIssuer();
    answer = () => ({ status: 200, body: JSON.stringify({ keys: [issuer.jwk] }) });
    const verify = await open();
    fetched = 0;
    await Promise.all(Array.from({ length: 20 }, async () => verify(`Bearer ${await issuer.token('alice')}`)));
    const stranger = await createIssuer('EdDSA', 'unknown');
    for (let i = 0; i < 5; i++)
      await expect(verify(`Bearer ${await stranger.token('alice')}`)).rejects.toMatchObject({
        code: 'unauthenticated',
      });
    expect(fetched).toBe(1);
  });

  it.each([
    ['does not answer', 'hang' as const],
    ['answers with an error', { status: 500, body: 'no' }],
    ['redirects', { status: 302, body: '' }],
    ['answers with HTML', { status: 200, body: '<html>' }],
    ['answers with no keys', { status: 200, body: '{"keys":7}' }],
  ])('whose server %s causes 503 with Retry-After, and is used as soon as it can be fetched', async (_, wrong) => {
    const issuer = await createIssuer();
    const verify = await open(timeoutFor(wrong));
    answer = () => wrong;
    await expect(verify(`Bearer ${await issuer.token('alice')}`)).rejects.toMatchObject({
      code: 'identity_provider_unavailable',
      retryAfterSeconds: 10,
    });
    answer = () => ({ status: 200, body: JSON.stringify({ keys: [issuer.jwk] }) });
    await later(1000, async () => {
      await expect(verify(`Bearer ${await issuer.token('alice')}`)).resolves.toBeDefined();
    });
  });

  /** Runs `work` as if this many milliseconds had passed. */
  async function later(ms: number, work: () => Promise<void>): Promise<void> {
    const real = performance.now.bind(performance);
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => real() + ms);
    try {
      await work();
    } finally {
      clock.mockRestore();
    }
  }
  const serving =
    (...keys: Issuer[]) =>
    () => ({ status: 200, body: JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }) });
  const passes = async (verify: TokenVerifier, issuer: Issuer) => {
    await expect(verify(`Bearer ${await issuer.token('alice')}`)).resolves.toBeDefined();
  };
  const refuses = async (verify: TokenVerifier, issuer: Issuer, code: string) => {
    await expect(verify(`Bearer ${await issuer.token('alice')}`)).rejects.toMatchObject({ code });
  };

  it('may rotate: a new key id causes one fetch, and further unknown ids cause no fetch within the cooldown', async () => {
    const [first, second, stranger] = await Promise.all([
      createIssuer('EdDSA', 'first'),
      createIssuer('EdDSA', 'second'),
      createIssuer('EdDSA', 'nobody'),
    ]);
    answer = serving(first);
    const verify = await open();
    await passes(verify, first);
    answer = serving(first, second);
    fetched = 0;
    await refuses(verify, second, 'unauthenticated');
    expect(fetched).toBe(0);
    await later(60_001, async () => {
      await Promise.all(Array.from({ length: 20 }, () => passes(verify, second)));
      expect(fetched).toBe(1);
      for (let round = 0; round < 20; round++) await refuses(verify, stranger, 'unauthenticated');
      expect(fetched).toBe(1);
      await passes(verify, first);
    });
    answer = serving(second);
    await later(60_001 + 600_001, async () => {
      await refuses(verify, first, 'unauthenticated');
      expect(fetched).toBe(2);
    });
  });

  it.each([
    ['hangs', 'hang' as const],
    ['answers with errors', { status: 503, body: '' }],
  ])(
    'of a provider that %s for a long time is used for a limited time; then no token is accepted until the provider answers again',
    async (_, wrong) => {
      const [known, newer] = await Promise.all([createIssuer('EdDSA', 'known'), createIssuer('EdDSA', 'newer')]);
      answer = serving(known);
      const verify = await open({ staleMs: 3_600_000, ...timeoutFor(wrong) });
      await passes(verify, known);
      answer = () => wrong;
      fetched = 0;
      await later(600_001, async () => {
        for (let round = 0; round < 20; round++) await passes(verify, known);
        expect(fetched).toBe(1);
        // while the provider is away, the gateway cannot know whether this key is valid
        await refuses(verify, newer, 'identity_provider_unavailable');
        expect(fetched).toBe(1);
      });
      await later(600_000 + 3_500_000, () => passes(verify, known));
      await later(600_001 + 3_600_000, async () => {
        for (let round = 0; round < 5; round++) await refuses(verify, known, 'identity_provider_unavailable');
      });
      expect(fetched).toBeLessThanOrEqual(4);
      answer = serving(known, newer);
      await later(700_000 + 3_600_000, async () => {
        await passes(verify, known);
        await passes(verify, newer);
      });
    },
  );

  it('is fetched at most once a second until the provider answers for the first time', async () => {
    const issuer = await createIssuer();
    answer = () => ({ status: 500, body: '' });
    const verify = await open();
    fetched = 0;
    const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now());
    try {
      for (let round = 0; round < 20; round++) await refuses(verify, issuer, 'identity_provider_unavailable');
    } finally {
      clock.mockRestore();
    }
    expect(fetched).toBe(1);
  });
});

describe('a key set file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'communique-jwks-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is read again when it changes; while the new file is broken, the old keys stay in use', async () => {
    const file = join(folder, 'rotating.json');
    const first = await createIssuer('EdDSA', 'first');
    const second = await createIssuer('EdDSA', 'second');
    await first.writeKeySet(file);
    const verify = createTokenVerifier(settings, await openKeySource({ file, staleMs: 3_600_000 }, logger), logger);
    const clock = jest.spyOn(performance, 'now');
    const later = performance.now();
    try {
      await writeFile(file, '{broken');
      await utimes(file, new Date(), new Date(Date.now() + 5000));
      clock.mockReturnValue(later + 2000);
      await expect(verify(`Bearer ${await first.token('a')}`)).resolves.toBeDefined();
      await second.writeKeySet(file);
      await utimes(file, new Date(), new Date(Date.now() + 10_000));
      clock.mockReturnValue(later + 4000);
      await expect(verify(`Bearer ${await second.token('a')}`)).resolves.toBeDefined();
      await expect(verify(`Bearer ${await first.token('a')}`)).rejects.toMatchObject({ code: 'unauthenticated' });
    } finally {
      clock.mockRestore();
    }
  });
});
