import { generateKeyPairSync } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { Logger } from '../../core/telemetry/logger';
import { AUDIENCE, createIssuer, ISSUER, type Issuer } from '../../testing/issuer';
import { parseKeySet } from './key-set';
import { openKeySource } from './key-source';
import { createTokenVerifier, type TokenVerifier } from './token-verifier';

const settings = {
  issuer: ISSUER,
  audience: AUDIENCE,
  algorithms: ['EdDSA', 'ES256', 'RS256'],
  tokenType: 'at+jwt',
  clockSkewSeconds: 30,
} as const;
const STALE_MS = 3_600_000;
const EDDSA = { kty: 'OKP', crv: 'Ed25519', kid: 'bad', alg: 'EdDSA' };
const privateJwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });

/** Members of a set that cannot verify a token here; the set's other keys must still work. */
const UNUSABLE: readonly (readonly [string, unknown])[] = [
  ['of an unknown kind', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA', kid: 'pq' }],
  ['of a kind that is a number', { kty: 7 }],
  ['of an unknown curve', { kty: 'OKP', crv: 'Ed448x', x: 'AAAA', kid: 'curve' }],
  ['of an unknown algorithm', { ...EDDSA, alg: 'XYZ', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }],
  ['for encryption', { ...EDDSA, use: 'enc', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }],
  ['with a point that is not on its curve', { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', kid: 'point' }],
  ['without its bytes', EDDSA],
  ['with bytes that are too few', { ...EDDSA, x: 'AAAA' }],
  ['with a private part', { ...privateJwk, kid: 'private' }],
  ['that is a secret', { kty: 'oct', k: 'AAAA', kid: 'secret' }],
  ['that is null', null],
  ['that is text', 'key'],
  ['that is a list', []],
  ['that has no members', {}],
  [
    'with operations that are not a list',
    { ...EDDSA, key_ops: 'verify', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
  ],
];

let folder: TemporaryFolder;
let server: Server;
let served: string;
let lines: string[];
let logger: Logger;
let known: Issuer;
let other: Issuer;

beforeAll(async () => {
  folder = await temporaryFolder('key-set');
  server = createServer((_, response) => response.end(served));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  [known, other] = await Promise.all([createIssuer('EdDSA', 'known'), createIssuer('ES256', 'other')]);
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await folder.remove();
});
beforeEach(() => {
  lines = [];
  logger = new Logger({ log: { level: 'info' } }, { write: (line: string) => lines.push(line) });
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** Replaces the set by a rename, as an operator does. */
async function publish(text: string): Promise<void> {
  served = text;
  await writeFile(folder.file('next.json'), text);
  await rename(folder.file('next.json'), folder.file('jwks.json'));
}
const setOf = (...keys: readonly unknown[]) => JSON.stringify({ keys });
const open = async (source: 'file' | 'url'): Promise<TokenVerifier> => {
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  const jwks =
    source === 'file'
      ? { file: folder.file('jwks.json'), staleMs: STALE_MS }
      : { url, timeoutMs: 5000, cooldownMs: 0, staleMs: STALE_MS };
  return createTokenVerifier(settings, await openKeySource(jwks, logger), logger);
};
/** Simulates that this many milliseconds have passed since the start. */
function pass(ms: number): void {
  jest.restoreAllMocks();
  const real = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => real() + ms);
}
const outcome = async (verify: TokenVerifier, issuer: Issuer) =>
  verify(`Bearer ${await issuer.token('alice')}`).then(
    () => 'accepted',
    (error: { code?: string }) => error.code,
  );
const CACHE_MS = { file: 1001, url: 600_001 };

describe.each(['file', 'url'] as const)('a key set by %s', (source) => {
  it.each(UNUSABLE)('still uses its other keys if it has a key %s', async (_name, key) => {
    await publish(setOf(key, known.jwk, key, other.jwk));
    const verify = await open(source);
    expect([await outcome(verify, known), await outcome(verify, other)]).toEqual(['accepted', 'accepted']);
  });

  it.each(UNUSABLE)('drops a withdrawn key even if it has another key %s', async (_name, key) => {
    await publish(setOf(known.jwk));
    const verify = await open(source);
    expect(await outcome(verify, known)).toBe('accepted');
    await publish(setOf(key, other.jwk));
    pass(CACHE_MS[source]);
    expect([await outcome(verify, known), await outcome(verify, other)]).toEqual(['unauthenticated', 'accepted']);
  });

  it('drops every key when the set becomes empty', async () => {
    await publish(setOf(known.jwk));
    const verify = await open(source);
    expect(await outcome(verify, known)).toBe('accepted');
    await publish(setOf());
    pass(CACHE_MS[source]);
    expect(await outcome(verify, known)).toBe('unauthenticated');
  });

  it.each(['{broken', '', '[]', '{"keys":7}', `{"keys":[],"keys":[]}`, '\ufeff{"keys":[]}'])(
    'that becomes %j keeps its keys for a limited time, then refuses all tokens, and works again once it is mended',
    async (broken) => {
      await publish(setOf(known.jwk));
      const verify = await open(source);
      expect(await outcome(verify, known)).toBe('accepted');
      await publish(broken);
      pass(CACHE_MS[source]);
      expect(await outcome(verify, known)).toBe('accepted');
      pass(CACHE_MS[source] + STALE_MS + 2000);
      expect(await outcome(verify, known)).toBe('identity_provider_unavailable');
      await publish(setOf(other.jwk));
      pass(CACHE_MS[source] + STALE_MS + 10_000);
      expect([await outcome(verify, known), await outcome(verify, other)]).toEqual(['unauthenticated', 'accepted']);
    },
  );

  it.each([
    { use: 'enc' },
    { key_ops: ['encrypt'] },
    { key_ops: ['sign'] },
    { key_ops: [] },
    { key_ops: ['sign', 'verify'] },
    { use: 'enc', key_ops: ['verify'] },
  ])('refuses tokens under a key that is marked %j, and logs that the key is left out', async (mark) => {
    await publish(setOf({ ...known.jwk, ...mark }, other.jwk));
    const verify = await open(source);
    expect([await outcome(verify, known), await outcome(verify, other)]).toEqual(['unauthenticated', 'accepted']);
    expect(lines.join('')).toContain('key 1 is not for verifying signatures alone (use, key_ops)');
  });

  it.each([{ use: 'sig' }, { key_ops: ['verify'] }, { use: 'sig', key_ops: ['verify'] }])(
    'accepts tokens under a key that is marked %j',
    async (mark) => {
      await publish(setOf({ ...known.jwk, ...mark }));
      expect(await outcome(await open(source), known)).toBe('accepted');
    },
  );

  it('logs which keys it leaves out, without any part of them', async () => {
    await publish(setOf({ kty: 'AKP', kid: 'geheim', pub: 'geheim' }, known.jwk, { ...privateJwk, kid: 'geheim' }));
    await outcome(await open(source), known);
    const [line = ''] = lines.filter((each) => each.includes('left out'));
    expect(line).toContain('key 1 is of a kind (kty) that is not used here; key 3 has a private part');
    expect(lines.join('')).not.toContain('geheim');
    expect(lines.join('')).not.toContain(privateJwk.d);
  });
});

it('notices a changed key set file that keeps its date', async () => {
  await publish(setOf(known.jwk));
  const verify = await open('file');
  expect(await outcome(verify, known)).toBe('accepted');
  const { utimes, stat } = await import('node:fs/promises');
  const { atime, mtime } = await stat(folder.file('jwks.json'));
  await publish(setOf(other.jwk));
  await utimes(folder.file('jwks.json'), atime, mtime);
  pass(1001);
  expect(await outcome(verify, known)).toBe('unauthenticated');
});

it('reports once that a key set file stays broken', async () => {
  await publish(setOf(known.jwk));
  const verify = await open('file');
  await publish('{');
  for (const seconds of [2, 4, 6]) {
    pass(seconds * 1000);
    await outcome(verify, known);
  }
  expect(lines.filter((line) => line.includes('AUTH_JWKS_FILE cannot be read: not JSON'))).toHaveLength(1);
});

describe('a key set file at start', () => {
  it.each([
    ['{', 'AUTH_JWKS_FILE: the file cannot be read: not JSON'],
    ['[]', 'AUTH_JWKS_FILE: the file must be a JWK Set: {"keys": [...]}'],
    [setOf(), 'AUTH_JWKS_FILE: the file has no key that can verify a token here'],
    [setOf({ kty: 'AKP' }), 'AUTH_JWKS_FILE: the file has no key that can verify a token here; key 1 is of a kind'],
    [
      setOf({ ...EDDSA, use: 'enc', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }),
      'AUTH_JWKS_FILE: the file has no key that can verify a token here; key 1 is not for verifying signatures alone',
    ],
    [setOf(...Array.from({ length: 101 }, () => ({}))), 'AUTH_JWKS_FILE: the file has more than 100 keys'],
    ['x'.repeat(300_000), 'AUTH_JWKS_FILE: the file has more than'],
  ])('with the bad content %# is refused in one line', async (text, line) => {
    await publish(text);
    await expect(open('file')).rejects.toMatchObject({
      name: 'ConfigurationProblem',
      message: expect.stringContaining(line) as string,
    });
  });

  it('that is missing, or a folder, is refused in one line', async () => {
    for (const [file, why] of [
      [folder.file('none.json'), 'cannot be read (ENOENT)'],
      [folder.path, 'is no file'],
    ] as const)
      await expect(openKeySource({ file, staleMs: STALE_MS }, logger)).rejects.toThrow(
        `AUTH_JWKS_FILE: the file ${why}`,
      );
  });
});

it('leaves private keys out of a set', () => {
  const { keys } = parseKeySet(Buffer.from(setOf({ ...privateJwk }, { kty: 'RSA', n: 'AA', e: 'AQAB', p: 'AA' })));
  expect(keys).toEqual([]);
});
