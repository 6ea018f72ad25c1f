import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Logger } from '../../core/telemetry/logger';
import { AUDIENCE, createIssuer, ISSUER, type Issuer } from '../../testing/issuer';
import { openKeySource } from './key-source';
import { createTokenVerifier, type KeySource, ownerOf } from './token-verifier';
import { VerifiedTokens } from './verified-tokens';

const logger = new Logger({ log: { level: 'silent' } }, pino.destination('/dev/null'));
const settings = {
  issuer: ISSUER,
  audience: AUDIENCE,
  algorithms: ['EdDSA'],
  tokenType: 'at+jwt',
  clockSkewSeconds: 30,
} as const;
const ALL_BUT_DATE = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;
const UNAVAILABLE = { code: 'identity_provider_unavailable' };
const REFUSED = { code: 'unauthenticated' };

describe('a token that was verified a moment ago', () => {
  let folder: string;
  let server: Server;
  let issuer: Issuer;
  let served: readonly Issuer[] | 'error';
  let passedMs = 0;
  const realNow = performance.now.bind(performance);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'communique-verified-'));
    issuer = await createIssuer();
    server = createServer((_, response) => {
      if (served === 'error') response.writeHead(503).end();
      else
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ keys: served.map(({ jwk }) => jwk) }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    served = [issuer];
    passedMs = 0;
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  /** @returns the verifier, and a count of its key look-ups: one for each check of a signature */
  const watched = (source: KeySource) => {
    const find = jest.spyOn(source, 'find');
    const verify = createTokenVerifier(settings, source, logger);
    return { verify: (token: string) => verify(`Bearer ${token}`), checks: () => find.mock.calls.length };
  };
  const byUrl = async () =>
    watched(
      await openKeySource(
        {
          url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
          timeoutMs: 500,
          cooldownMs: 10_000,
          staleMs: 60_000,
        },
        logger,
      ),
    );
  /** From now on, every clock shows that this much time has passed. */
  const pass = (ms: number) => {
    passedMs += ms;
    jest.spyOn(performance, 'now').mockImplementation(() => realNow() + passedMs);
  };
  /** Sets only the clock with which tokens' times are compared. */
  const wallClock = (seconds: number) => jest.useFakeTimers({ now: seconds * 1000, doNotFake: [...ALL_BUT_DATE] });
  const now = () => Math.floor(Date.now() / 1000);

  it('is not verified again, and names the same caller', async () => {
    const { verify, checks } = await byUrl();
    const token = await issuer.token('alice', { scope: 'a b' });
    for (let round = 0; round < 5; round++)
      expect(await verify(token)).toEqual({ owner: ownerOf(ISSUER, 'alice'), scopes: ['a', 'b'] });
    expect(checks()).toBe(1);
    expect(await verify(await issuer.token('bob'))).toEqual({ owner: ownerOf(ISSUER, 'bob'), scopes: [] });
    expect(checks()).toBe(2);
  });

  it('does not admit a token that differs from it, and no refused token is cached', async () => {
    const { verify, checks } = await byUrl();
    const token = await issuer.token('alice');
    await verify(token);
    const [head = '', payload = '', signature = ''] = token.split('.');
    const forged = Buffer.from(signature, 'base64url');
    forged[0] = (forged[0] ?? 0) ^ 1;
    for (let round = 0; round < 2; round++) {
      await expect(verify([head, payload, forged.toString('base64url')].join('.'))).rejects.toMatchObject(REFUSED);
      await expect(
        verify([head, Buffer.from('{"sub":"eve"}').toString('base64url'), signature].join('.')),
      ).rejects.toMatchObject(REFUSED);
    }
    expect(checks()).toBe(5);
  });

  it('is refused as soon as its expiry and the clock skew have passed, to the second', async () => {
    const { verify, checks } = await byUrl();
    const exp = now() + 10;
    const token = await issuer.token('alice', { exp });
    await verify(token);
    wallClock(exp + 29);
    await verify(token);
    expect(checks()).toBe(1);
    wallClock(exp + 30);
    await expect(verify(token)).rejects.toMatchObject(REFUSED);
  });

  it('is refused if the clock was set back to before its `nbf`', async () => {
    const { verify } = await byUrl();
    const nbf = now() - 5;
    const token = await issuer.token('alice', { nbf });
    await verify(token);
    wallClock(nbf - 30);
    await verify(token);
    wallClock(nbf - 31);
    await expect(verify(token)).rejects.toMatchObject(REFUSED);
  });

  it('is verified again after a minute', async () => {
    const { verify, checks } = await byUrl();
    const token = await issuer.token('alice');
    await verify(token);
    pass(59_000);
    await verify(token);
    expect(checks()).toBe(1);
    pass(2000);
    await verify(token);
    expect(checks()).toBe(2);
  });

  it('is verified again as soon as the key set was read again, even if its keys did not change', async () => {
    const { verify, checks } = await byUrl();
    const token = await issuer.token('alice');
    await verify(token);
    pass(11_000);
    await expect(verify(await (await createIssuer('EdDSA', 'unknown')).token('eve'))).rejects.toMatchObject(REFUSED); // rereads the set
    const before = checks();
    await verify(token);
    expect(checks()).toBe(before + 1);
  });

  it('is refused as soon as the key set was read without its key, whichever request caused the reading', async () => {
    const { verify } = await byUrl();
    const token = await issuer.token('alice');
    await verify(token);
    const next = await createIssuer('EdDSA', 'next');
    served = [next];
    await verify(token); // the old set may be used until its time is over
    pass(11_000);
    await verify(await next.token('bob'));
    await expect(verify(token)).rejects.toMatchObject(REFUSED);
  });

  it('causes another reading once the set is ten minutes old, and is refused if its key is gone', async () => {
    const { verify } = await byUrl();
    const token = await issuer.token('alice');
    await verify(await issuer.token('bob'));
    pass(600_000 - 5000);
    await verify(token);
    served = [await createIssuer('EdDSA', 'next')];
    pass(6000); // the token was verified 6 s ago, and the set is older than ten minutes
    await expect(verify(token)).rejects.toMatchObject(REFUSED);
  });

  it('is refused once the last good keys are too old', async () => {
    const { verify } = await byUrl();
    const token = await issuer.token('alice');
    await verify(token);
    served = 'error';
    pass(600_000 + 59_000);
    await verify(token);
    pass(2000);
    await expect(verify(token)).rejects.toMatchObject(UNAVAILABLE);
  });

  it('is refused as soon as a key set file was read without its key', async () => {
    const file = join(folder, 'jwks.json');
    await issuer.writeKeySet(file);
    const { verify } = watched(await openKeySource({ file, staleMs: 3_600_000 }, logger));
    const token = await issuer.token('alice');
    await verify(token);
    await (await createIssuer('EdDSA', 'next')).writeKeySet(file);
    await utimes(file, new Date(), new Date(Date.now() + 10_000));
    pass(1001);
    await expect(verify(token)).rejects.toMatchObject(REFUSED);
  });

  it('is not cached if the set was read again during its verification', async () => {
    let number = 1;
    const source: KeySource = {
      current: () => Promise.resolve(number),
      find: () => {
        if (number === 1) number++;
        return issuer.publicKey;
      },
    };
    const { verify, checks } = watched(source);
    const token = await issuer.token('alice');
    // The second request reads the set again during the verification of the first.
    await Promise.all([verify(token), verify(await issuer.token('bob'))]);
    for (let round = 0; round < 3; round++) await verify(token);
    expect(checks()).toBe(3);
  });

  it('leaves the cache when that is full, the oldest token first', () => {
    const kept = new VerifiedTokens(30);
    const caller = { owner: 'x', scopes: [] };
    expect(kept.find('token', 1)).toBeUndefined();
    const keep = (at: number) => {
      kept.keep(`token ${String(at)}`, 1, { caller, notBefore: undefined, expiresAt: now() + 300 });
    };
    for (let at = 0; at < 5000; at++) keep(at);
    const found = Array.from({ length: 5000 }, (_, at) => kept.find(`token ${String(at)}`, 1) !== undefined);
    expect(found.filter(Boolean)).toHaveLength(4096);
    expect(found.indexOf(true)).toBe(5000 - 4096);
    expect(kept.find('token 4999', 2)).toBeUndefined();
    expect(kept.find('token 4999', 1)).toBeUndefined(); // the entries are gone, not only hidden
  });
});
