import { createHash } from 'node:crypto';
import { readSettings, type SignInSettings } from './settings';
import { SignInStore } from './sign-in';

const PAGE = 'https://write.example/';
const ISSUER = 'https://id.example';
const LINK = '#campaign=parks&pcr0=ab';
const KEY = 'communique-tee sign-in';
const A43 = 'A'.repeat(43);
const settings = readSettings({
  issuer: ISSUER,
  clientId: 'page',
  authorizationEndpoint: `${ISSUER}/authorize?tenant=1`,
  tokenEndpoint: `${ISSUER}/token`,
  scope: 'openid profile',
  audience: { parameter: 'audience', value: 'communique' },
}) as SignInSettings;

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: object, header: object = { alg: 'RS256' }) => `${encoded(header)}.${encoded(claims)}.AAAA`;
const now = () => Math.floor(Date.now() / 1000);

/** A browser tab: its address, the addresses that it went to, and its storage. `answer` plays the token endpoint. */
class Tab {
  address = new URL(`${PAGE}${LINK}`);
  readonly kept = new Map<string, string>();
  readonly left: URL[] = [];
  readonly requests: { address: string; body: URLSearchParams; options: RequestInit }[] = [];
  answer: (body: URLSearchParams) => Response | Promise<Response> = () => Promise.reject(new TypeError('no network'));
  isOffline = false;
  store = this.load();

  load(): SignInStore {
    return new SignInStore({
      address: () => new URL(this.address),
      replaceAddress: (path) => {
        this.address = new URL(path, this.address);
      },
      go: (address) => this.left.push(address),
      storage: {
        getItem: (key) => this.kept.get(key) ?? null,
        setItem: (key, value) => this.kept.set(key, value),
        removeItem: (key) => this.kept.delete(key),
      },
      fetch: (address, options = {}) => {
        const body = new URLSearchParams(options.body as URLSearchParams);
        this.requests.push({ address: String(address), body, options });
        return Promise.resolve(this.answer(body));
      },
      loadFlow: () => (this.isOffline ? Promise.reject(new TypeError('Failed to fetch')) : import('./code-flow')),
    });
  }

  reload(): void {
    this.store.signOut(); // A reload ends the page's timers too
    this.store = this.load();
    this.store.takeCallback();
  }

  /** The person clicks "Sign in". @returns the request that the issuer sees */
  async start(): Promise<URLSearchParams> {
    await this.store.configure(settings);
    await this.store.start();
    return this.left.at(-1)?.searchParams ?? new URLSearchParams();
  }

  /** The issuer sends the browser back: the page is loaded again. */
  async comeBack(query: Record<string, string>): Promise<SignInStore> {
    this.address = new URL(`${PAGE}?${new URLSearchParams(query).toString()}`);
    this.reload();
    await this.store.configure(settings);
    return this.store;
  }
}

const claimsOf = (request: URLSearchParams, more: object = {}) => ({
  iss: ISSUER,
  aud: 'page',
  sub: 'alice',
  iat: now(),
  exp: now() + 300,
  nonce: request.get('nonce'),
  name: 'Alice Example',
  ...more,
});
const tokens = (request: URLSearchParams, more: object = {}, claims: object = {}) =>
  Response.json({
    access_token: 'access.token-1',
    token_type: 'Bearer',
    expires_in: 300,
    id_token: jwt(claimsOf(request, claims)),
    ...more,
  });
const stateOf = (request: URLSearchParams) => request.get('state') ?? '';

describe('signing in', () => {
  let tab: Tab;

  beforeEach(() => {
    tab = new Tab();
  });
  afterEach(() => {
    tab.store.signOut();
    jest.useRealTimers();
  });

  it('asks for a code with PKCE, state and nonce, and sends the issuer no part of the link', async () => {
    const request = await tab.start();
    expect(tab.left[0]?.href).toMatch(/^https:\/\/id\.example\/authorize\?tenant=1&/);
    expect(tab.left[0]?.href).not.toMatch(/parks|pcr0|#/);
    const { verifier, state, nonce } = JSON.parse(tab.kept.get(KEY) ?? '') as Record<string, string>;
    expect(Object.fromEntries(request)).toEqual({
      tenant: '1',
      response_type: 'code',
      client_id: 'page',
      redirect_uri: PAGE,
      scope: 'openid profile',
      audience: 'communique',
      state,
      nonce,
      code_challenge: createHash('sha256')
        .update(verifier ?? '')
        .digest('base64url'),
      code_challenge_method: 'S256',
    });
    expect(new Set([state, nonce, verifier]).size).toBe(3);
  });

  it('restores the link after sign-in, and keeps the token only in memory', async () => {
    const request = await tab.start();
    const { verifier } = JSON.parse(tab.kept.get(KEY) ?? '') as Record<string, string>;
    tab.answer = () => tokens(request, { refresh_token: 'refresh-1' });
    const store = await tab.comeBack({ code: 'code-1', state: stateOf(request), iss: ISSUER });
    expect([store.state.value, store.name.value, store.token()]).toEqual([
      'signed_in',
      'Alice Example',
      'access.token-1',
    ]);
    expect([tab.address.href, tab.kept.size]).toEqual([`${PAGE}${LINK}`, 0]);
    expect(tab.requests).toHaveLength(1);
    const [sent] = tab.requests;
    expect(sent).toMatchObject({
      address: `${ISSUER}/token`,
      options: {
        method: 'POST',
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'manual',
        referrerPolicy: 'no-referrer',
      },
    });
    expect(Object.fromEntries(sent?.body ?? [])).toEqual({
      grant_type: 'authorization_code',
      code: 'code-1',
      redirect_uri: PAGE,
      code_verifier: verifier,
      client_id: 'page',
    });
  });

  it('shows only the name in the ID token, without characters that could change the text around it', async () => {
    let request = await tab.start();
    tab.answer = () => tokens(request, {}, { name: undefined, preferred_username: 'alice', email: 'a@b.example' });
    expect((await tab.comeBack({ code: 'c', state: stateOf(request) })).name.value).toBeUndefined();
    request = await tab.start();
    tab.answer = () => tokens(request, {}, { name: '\u202eAlice\n\u2066' + 'x'.repeat(200) });
    expect((await tab.comeBack({ code: 'c', state: stateOf(request) })).name.value).toBe(`Alice${'x'.repeat(95)}`);
  });

  it.each<[string, Record<string, string>, string]>([
    ['that the person canceled', { error: 'access_denied' }, 'denied'],
    ['that the request is refused', { error: 'invalid_scope', error_description: '<script>' }, 'refused'],
    ['that it is not available', { error: 'temporarily_unavailable' }, 'unreachable'],
    ['neither a code nor an error', {}, 'broken'],
    ['a token in the address', { code: 'c', id_token: 'x' }, 'broken'],
    ['under another issuer (RFC 9207)', { code: 'c', iss: 'https://other.example' }, 'wrong_issuer'],
  ])('fails, and asks for no token, if the issuer answers %s', async (_, answer, problem) => {
    const request = await tab.start();
    const store = await tab.comeBack({ state: stateOf(request), ...answer });
    expect([store.state.value, store.problem.value, store.token()]).toEqual(['failed', problem, undefined]);
    expect([tab.requests, tab.kept.size, tab.address.href]).toEqual([[], 0, `${PAGE}${LINK}`]);
  });

  describe('does not use', () => {
    it('the answer to a sign-in that was started elsewhere: another person’s code in a link (login CSRF)', async () => {
      const store = await tab.comeBack({ code: 'code-of-mallory', state: 'state-of-mallory' });
      expect([store.state.value, store.problem.value]).toEqual(['failed', 'not_started']);
      expect([tab.requests, tab.address.search]).toEqual([[], '']);
    });

    it('an answer in a link that also names images, but keeps the images in the address', async () => {
      for (const more of ['state=CA', 'code=SCA01', 'error=1', '']) {
        tab.address = new URL(`${PAGE}?pcr0=ab&pcr3=cd&${more}#campaign=x`);
        const { href } = tab.address;
        tab.reload();
        expect([tab.address.href, tab.store.problem.value]).toEqual([href, undefined]);
      }
      await tab.comeBack({ pcr0: 'ab', state: 's', code: 'c', iss: ISSUER, session_state: 'x', pcr3: 'cd' });
      expect([tab.address.href, tab.store.problem.value]).toEqual([`${PAGE}?pcr0=ab&pcr3=cd`, 'not_started']);
      await tab.comeBack({ pcr0: 'ab', state: 's', error: 'e', error_description: 'd', error_uri: 'u' });
      expect(tab.address.href).toBe(`${PAGE}?pcr0=ab`);
    });

    it('an answer whose state is not this tab’s (code injection)', async () => {
      const request = await tab.start();
      const store = await tab.comeBack({ code: 'code-of-mallory', state: 'another' });
      expect([store.problem.value, tab.requests]).toEqual(['wrong_answer', []]);
      // The kept request was used up, so the right answer comes too late
      expect((await tab.comeBack({ code: 'c', state: stateOf(request) })).problem.value).toBe('not_started');
    });

    it('an address from the history a second time (replay)', async () => {
      const request = await tab.start();
      tab.answer = () => tokens(request);
      const answer = { code: 'code-1', state: stateOf(request) };
      expect((await tab.comeBack(answer)).state.value).toBe('signed_in');
      expect((await tab.comeBack(answer)).problem.value).toBe('not_started');
      expect(tab.requests).toHaveLength(1);
    });

    it('an address with two states or two issuers', async () => {
      for (const name of ['state', 'iss']) {
        const request = await tab.start();
        tab.address = new URL(`${PAGE}?code=c&state=${stateOf(request)}&iss=${encodeURIComponent(ISSUER)}&${name}=x`);
        tab.reload();
        await tab.store.configure(settings);
        expect(tab.store.problem.value).toMatch(/^wrong_/);
      }
      expect(tab.requests).toEqual([]);
    });

    it('data that another program put into the storage of this tab', async () => {
      for (const kept of [
        '',
        '{',
        'null',
        '[]',
        '{"state":"s"}',
        JSON.stringify({ state: 's', nonce: 'n', verifier: 'v', fragment: '' }),
        // An address to go to in place of the link's fragment
        JSON.stringify({ state: A43, nonce: A43, verifier: A43, fragment: '/evil.example/' }),
      ]) {
        tab.kept.set(KEY, kept);
        expect((await tab.comeBack({ code: 'c', state: A43 })).problem.value).toBe('not_started');
      }
      expect(tab.kept.size).toBe(0);
    });
  });

  it.each<[string, (request: URLSearchParams) => Response | Promise<Response>, string]>([
    ['a network error', () => Promise.reject(new TypeError('Failed to fetch')), 'unreachable'],
    ['a time-out', () => Promise.reject(new DOMException('', 'TimeoutError')), 'unreachable'],
    ['the status 503', () => new Response('down', { status: 503 }), 'unreachable'],
    ['the error invalid_grant', () => Response.json({ error: 'invalid_grant' }, { status: 400 }), 'refused'],
    ['an HTML page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), 'broken'],
    ['malformed JSON', () => new Response('{', { headers: { 'content-type': 'application/json' } }), 'broken'],
    ['a list', () => Response.json([]), 'broken'],
    ['an empty object', () => Response.json({}), 'broken'],
    ['a redirect', () => Response.redirect('https://other.example/', 302), 'broken'],
    ['no ID token', (request) => tokens(request, { id_token: undefined }), 'broken'],
    ['an ID token that is no JWT', (request) => tokens(request, { id_token: 'x.y.z' }), 'broken'],
    [
      'an ID token without a signature',
      (request) => tokens(request, { id_token: jwt(claimsOf(request), { alg: 'none' }) }),
      'broken',
    ],
    ['an ID token for another client', (request) => tokens(request, {}, { aud: 'other' }), 'broken'],
    [
      'an ID token of another issuer',
      (request) => tokens(request, {}, { iss: 'https://other.example' }),
      'wrong_issuer',
    ],
    ['an ID token for another request', (request) => tokens(request, {}, { nonce: 'another' }), 'wrong_answer'],
    ['an ID token without a nonce', (request) => tokens(request, {}, { nonce: undefined }), 'broken'],
    ['an ID token that expired an hour ago', (request) => tokens(request, {}, { exp: now() - 3600 }), 'clock'],
    ['an ID token that is valid from tomorrow', (request) => tokens(request, {}, { nbf: now() + 86_400 }), 'clock'],
    ['a token of type DPoP', (request) => tokens(request, { token_type: 'DPoP' }), 'broken'],
    [
      'a token that contains a line break and a header',
      (request) => tokens(request, { access_token: 'a\r\nx: y' }),
      'broken',
    ],
  ])('fails if the token endpoint answers with %s', async (_, answer, problem) => {
    const request = await tab.start();
    tab.answer = () => answer(request);
    const store = await tab.comeBack({ code: 'c', state: stateOf(request), iss: ISSUER });
    expect([store.state.value, store.problem.value, store.token()]).toEqual(['failed', problem, undefined]);
    expect([tab.kept.size, tab.address.search]).toEqual([0, '']);
  });

  it('accepts an issuer whose clock differs by a few seconds', async () => {
    const request = await tab.start();
    tab.answer = () => tokens(request, {}, { nbf: now() + 20 });
    expect((await tab.comeBack({ code: 'c', state: stateOf(request) })).state.value).toBe('signed_in');
  });

  it('notices that the token has expired, by a timer and when the token is requested', async () => {
    jest.useFakeTimers();
    const request = await tab.start();
    tab.answer = () => tokens(request, { expires_in: 60 });
    let store = await tab.comeBack({ code: 'c', state: stateOf(request) });
    jest.advanceTimersByTime(59_000);
    expect(store.state.value).toBe('signed_in');
    jest.advanceTimersByTime(1000);
    expect([store.state.value, store.problem.value, store.token()]).toEqual(['failed', 'expired', undefined]);

    const again = await tab.start();
    tab.answer = () => tokens(again, { expires_in: 60 });
    store = await tab.comeBack({ code: 'c', state: stateOf(again) });
    // While a laptop sleeps, its clock runs but timers do not
    jest.setSystemTime(Date.now() + 61_000);
    expect([store.token(), store.problem.value]).toEqual([undefined, 'expired']);
  });

  it('waits for the site’s settings after the person returns, and fails if the site no longer offers a sign-in', async () => {
    const request = await tab.start();
    tab.address = new URL(`${PAGE}?code=c&state=${stateOf(request)}`);
    tab.reload();
    expect([tab.store.state.value, tab.address.search]).toEqual(['returning', '']);
    await tab.store.configure(null);
    expect(tab.store.problem.value).toBe('refused');
  });

  it('does not leave the page if the tab cannot store data', async () => {
    jest.spyOn(tab.kept, 'set').mockImplementation(() => {
      throw new Error('QuotaExceededError');
    });
    const beforeLeaving = jest.fn();
    await tab.store.configure(settings);
    await tab.store.start(beforeLeaving);
    expect([tab.store.problem.value, tab.left, beforeLeaving.mock.calls]).toEqual(['no_storage', [], []]);
  });

  it('reports a part of the page that could not be loaded, both before leaving and after returning', async () => {
    const request = await tab.start();
    tab.isOffline = true;
    expect((await tab.comeBack({ code: 'c', state: stateOf(request) })).problem.value).toBe('not_loaded');
    await tab.store.start();
    expect([tab.store.problem.value, tab.left.length, tab.requests]).toEqual(['not_loaded', 1, []]);
  });

  it('removes the stored request of an abandoned sign-in', async () => {
    await tab.start();
    tab.reload();
    await tab.store.configure(settings);
    expect([tab.kept.size, tab.store.state.value]).toEqual([0, 'signed_out']);
  });

  it('forgets the token when the person signs out or the gateway refuses it', async () => {
    const { store } = tab;
    await store.configure(settings);
    store.useToken('one');
    store.useToken('two');
    store.reject('one');
    expect(store.token()).toBe('two');
    store.reject('two');
    expect([store.problem.value, store.token()]).toEqual(['rejected', undefined]);
    store.useToken('three');
    store.signOut();
    expect([store.state.value, store.token()]).toEqual(['signed_out', undefined]);
  });
});

describe('a pasted token', () => {
  it('is accepted until it expires if the site offers no sign-in', async () => {
    const { store } = new Tab();
    await store.configure(null);
    expect(store.state.value).toBe('unavailable');
    expect(store.useToken(`Bearer ${jwt({ exp: now() + 60 })}\n`)).toBe(true);
    expect(store.state.value).toBe('signed_in');
    expect(store.useToken(jwt({ exp: now() - 1 }))).toBe(true);
    expect([store.token(), store.problem.value]).toEqual([undefined, 'expired']);
    store.signOut();
  });

  it.each(['', 'two words', 'a\nb', 'a"b', 'ü', 'x'.repeat(16_385)])('is refused if it is malformed: %j', (text) => {
    const { store } = new Tab();
    expect([store.useToken(text), store.token()]).toEqual([false, undefined]);
  });
});

describe('the settings of the site', () => {
  const good = {
    issuer: ISSUER,
    clientId: 'page',
    authorizationEndpoint: `${ISSUER}/authorize`,
    tokenEndpoint: 'http://127.0.0.1:3002/token',
    scope: 'openid',
    audience: null,
  };

  it('are read if they are complete', () => {
    expect(readSettings(good)).toMatchObject({ issuer: ISSUER, audience: null });
  });

  it.each<[string, unknown]>([
    ['null in place of an object', null],
    ['a list in place of an object', []],
    ['a script as an address', { ...good, authorizationEndpoint: 'javascript:alert(1)' }],
    ['plain HTTP to another machine', { ...good, authorizationEndpoint: 'http://id.example/authorize' }],
    ['plain HTTP to a name that only begins with localhost', { ...good, tokenEndpoint: 'http://localhost.example/' }],
    ['no client', { ...good, clientId: '' }],
    ['an audience under another name', { ...good, audience: { parameter: 'redirect_uri', value: 'x' } }],
    ['no audience', { ...good, audience: undefined }],
  ])('are not used with %s', (_, value) => {
    expect(readSettings(value)).toBeNull();
  });
});
