import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { CLIENT_ID, startIdentityProvider, type IdentityProvider } from './identity-provider';

const PAGE = 'http://127.0.0.1:3001';
const REDIRECT = `${PAGE}/`;
const VERIFIER = 'v'.repeat(43);
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

describe('the identity provider', () => {
  let folder: TemporaryFolder;
  let provider: IdentityProvider;

  beforeAll(async () => {
    folder = await temporaryFolder('identity');
    provider = await startIdentityProvider({ folder: folder.path, pages: [PAGE, 'http://localhost:3001'] });
  });
  afterAll(async () => {
    await provider.stop();
    await folder.remove();
  });

  type Changes = Readonly<Record<string, string | undefined>>;
  const formOf = (values: Changes) =>
    new URLSearchParams(
      Object.entries(values).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as [string, string]],
      ),
    );
  const addressOf = (changes: Changes = {}) =>
    `${provider.issuer}/authorize?${formOf({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: REDIRECT,
      scope: 'openid profile',
      state: 'state-1',
      nonce: 'nonce-1',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
      ...changes,
    }).toString()}`;
  const ask = (address: string) => fetch(address, { redirect: 'manual' });
  const answerForm = (address: string, values: Changes = { user: 'alice', answer: 'continue' }) =>
    fetch(address, { method: 'POST', body: formOf(values), redirect: 'manual' });
  /** Returns the address to which the browser is redirected, and its parameters. */
  const sentBack = (response: Response) => {
    expect(response.status).toBe(303);
    const address = new URL(response.headers.get('location') ?? '');
    return { to: `${address.origin}${address.pathname}`, ...Object.fromEntries(address.searchParams) };
  };
  const codeOf = async (changes: Changes = {}) => {
    const back = sentBack(await answerForm(addressOf(changes)));
    return new Map(Object.entries(back)).get('code') ?? '';
  };
  const redeem = (code: string, changes: Changes = {}, headers: Record<string, string> = {}) =>
    fetch(`${provider.issuer}/token`, {
      method: 'POST',
      headers,
      body: formOf({
        grant_type: 'authorization_code',
        code,
        client_id: CLIENT_ID,
        redirect_uri: REDIRECT,
        code_verifier: VERIFIER,
        ...changes,
      }),
    });
  const errorOf = async (response: Response) => [response.status, ((await response.json()) as { error: string }).error];

  it('signs a person in with a form and a code, and issues tokens that its key set verifies', async () => {
    const form = await ask(addressOf());
    expect([form.status, form.headers.get('content-type'), form.headers.get('referrer-policy')]).toEqual([
      200,
      'text/html; charset=utf-8',
      'no-referrer',
    ]);
    expect(await form.text()).toContain('Any made-up user name will do');
    const back = sentBack(await answerForm(addressOf()));
    expect(back).toEqual({
      to: REDIRECT,
      code: expect.stringMatching(/^.{43}$/),
      state: 'state-1',
      iss: provider.issuer,
    });

    const response = await redeem((back as { code?: string }).code ?? '');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const tokens = (await response.json()) as Record<'access_token' | 'id_token', string>;
    expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'openid profile' });
    const { jwks_uri } = (await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json()) as {
      jwks_uri: string;
    };
    const keys = createRemoteJWKSet(new URL(jwks_uri));
    const access = await jwtVerify(tokens.access_token, keys, { issuer: provider.issuer, audience: 'communique-tee' });
    expect(access.payload).toMatchObject({ sub: 'alice', scope: 'openid profile' });
    expect(decodeProtectedHeader(tokens.access_token).typ).toBe('at+jwt');
    const id = await jwtVerify(tokens.id_token, keys, { issuer: provider.issuer, audience: CLIENT_ID });
    expect(id.payload).toMatchObject({ sub: 'alice', nonce: 'nonce-1', name: 'alice' });
  });

  it('omits the name if the client did not request the scope profile, and issues tokens with the configured lifetime', async () => {
    provider.setTokenSeconds(5);
    const tokens = (await (await redeem(await codeOf({ scope: 'openid' }))).json()) as Record<string, string>;
    provider.setTokenSeconds(3600);
    expect(tokens['expires_in']).toBe(5);
    const [, payload = ''] = tokens['id_token']?.split('.') ?? [];
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).not.toHaveProperty('name');
  });

  it.each<[string, Changes, string]>([
    ['another client', { client_id: 'evil' }, 'client_id'],
    ['another address', { redirect_uri: 'https://evil.example/' }, 'redirect_uri'],
    ['an address that only begins like its own', { redirect_uri: `${REDIRECT}.evil.example/` }, 'redirect_uri'],
    ['its address with a query', { redirect_uri: `${REDIRECT}?x=1` }, 'redirect_uri'],
    ['its address without the slash', { redirect_uri: PAGE }, 'redirect_uri'],
    ['no address', { redirect_uri: undefined }, 'redirect_uri'],
  ])('shows a page for %s, and does not redirect the browser', async (_, changes, named) => {
    for (const response of [await ask(addressOf(changes)), await answerForm(addressOf(changes))]) {
      expect([response.status, response.headers.get('location')]).toEqual([400, null]);
      expect(await response.text()).toContain(named);
    }
  });

  it.each<[string, Changes, string]>([
    ['no state', { state: undefined }, 'invalid_request'],
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['PKCE with plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a challenge of another length', { code_challenge: 'short' }, 'invalid_request'],
    ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['no openid', { scope: 'profile' }, 'invalid_scope'],
    ['the scope of administrators', { scope: 'openid communique:admin' }, 'invalid_scope'],
    ['another audience', { audience: 'other' }, 'invalid_target'],
    ['another resource', { resource: 'https://other.example/' }, 'invalid_target'],
  ])('redirects with an error if the request has %s', async (_, changes, error) => {
    const back = sentBack(await ask(addressOf(changes)));
    expect(back).toMatchObject({ to: REDIRECT, error, iss: provider.issuer });
    expect(back).not.toHaveProperty('code');
  });

  it('refuses a repeated parameter', async () => {
    expect(sentBack(await ask(`${addressOf()}&nonce=other`))).toMatchObject({ error: 'invalid_request' });
    expect((await ask(`${addressOf()}&client_id=other`)).status).toBe(400);
  });

  it('redirects with access_denied if the person cancels, and shows the form again after an invalid user name', async () => {
    expect(sentBack(await answerForm(addressOf(), { user: 'alice', answer: 'cancel' }))).toEqual({
      to: REDIRECT,
      error: 'access_denied',
      state: 'state-1',
      iss: provider.issuer,
    });
    const again = await answerForm(addressOf(), { user: '<script>', answer: 'continue' });
    expect([again.status, (await again.text()).includes('role="alert"')]).toEqual([400, true]);
  });

  it('escapes every part of the address that it writes into the form', async () => {
    const html = await (await ask(addressOf({ state: `"'><script>alert(1)</script>` }))).text();
    expect(html).not.toMatch(/<script/i);
    const raw = await (await ask(`${addressOf()}&x="><b>`)).text();
    expect(raw).not.toContain('<b>');
  });

  it.each<[string, Changes, string]>([
    ['another verifier', { code_verifier: 'w'.repeat(43) }, 'invalid_grant'],
    ['no verifier', { code_verifier: undefined }, 'invalid_grant'],
    ['another of its addresses', { redirect_uri: 'http://localhost:3001/' }, 'invalid_grant'],
    ['another client', { client_id: 'evil' }, 'invalid_client'],
    ['another grant', { grant_type: 'password' }, 'unsupported_grant_type'],
  ])('gives no token for a code with %s', async (_, changes, error) => {
    const [status, name] = await errorOf(await redeem(await codeOf(), changes));
    expect([status, name]).toEqual([error === 'invalid_client' ? 401 : 400, error]);
  });

  it('accepts a code once, and never after a wrong verifier', async () => {
    const code = await codeOf();
    expect((await redeem(code)).status).toBe(200);
    expect(await errorOf(await redeem(code))).toEqual([400, 'invalid_grant']);
    const guessed = await codeOf();
    await redeem(guessed, { code_verifier: 'w'.repeat(43) });
    expect(await errorOf(await redeem(guessed))).toEqual([400, 'invalid_grant']);
    expect(await errorOf(await redeem(randomBytes(32).toString('base64url')))).toEqual([400, 'invalid_grant']);
  });

  it('refuses an expired code', async () => {
    await using other = await temporaryFolder('identity');
    const short = await startIdentityProvider({ folder: other.path, pages: [PAGE], codeLifetimeMs: 0 });
    try {
      const back = sentBack(await answerForm(addressOf().replace(provider.issuer, short.issuer)));
      const response = await fetch(`${short.issuer}/token`, {
        method: 'POST',
        body: formOf({
          grant_type: 'authorization_code',
          code: (back as { code?: string }).code,
          client_id: CLIENT_ID,
          redirect_uri: REDIRECT,
          code_verifier: VERIFIER,
        }),
      });
      expect(await errorOf(response)).toEqual([400, 'invalid_grant']);
    } finally {
      await short.stop();
    }
  });

  it('lets only the pages of its clients read tokens', async () => {
    const code = await codeOf();
    const ours = await redeem(code, {}, { origin: PAGE });
    expect(ours.headers.get('access-control-allow-origin')).toBe(PAGE);
    for (const origin of ['https://evil.example', 'null', `${PAGE}.evil.example`])
      expect((await redeem(code, {}, { origin })).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('refuses other host names and unknown addresses', async () => {
    const statusOf = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        request(`${provider.issuer}/jwks`, { headers: { host } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
    expect([await statusOf(new URL(provider.issuer).host), await statusOf('evil.example')]).toEqual([200, 421]);
    expect((await ask(`${provider.issuer}/other`)).status).toBe(404);
  });

  it('keeps its key in a file that only its owner can read, and refuses a file that others can read', async () => {
    const { chmod, stat } = await import('node:fs/promises');
    const file = folder.file('token-key.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await chmod(file, 0o644);
    await expect(startIdentityProvider({ folder: folder.path, pages: [PAGE] })).rejects.toMatchObject({
      code: 'key_not_usable',
    });
    await chmod(file, 0o600);
  });

  it('does not start in production', async () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      await expect(startIdentityProvider({ folder: folder.path, pages: [PAGE] })).rejects.toMatchObject({
        code: 'production',
      });
    } finally {
      if (before === undefined) delete process.env['NODE_ENV'];
      else process.env['NODE_ENV'] = before;
    }
  });
});
