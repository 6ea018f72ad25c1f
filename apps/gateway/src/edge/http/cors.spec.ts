import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GatewayUnderTest, startGateway } from '../../testing/gateway-under-test';
import { createIssuer } from '../../testing/issuer';

const APP = 'https://app.test';
const OTHERS = [
  'https://app.test.evil.test',
  'https://APP.test',
  'http://app.test',
  'https://app.test:8443',
  'https://app.test/',
  'null',
  'https://evil.test',
  '*',
];

describe('pages of other origins', () => {
  let folder: string;
  let environment: Record<string, string>;
  let open: GatewayUnderTest;
  let shut: GatewayUnderTest;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'communique-cors-'));
    await (await createIssuer()).writeKeySet(join(folder, 'jwks.json'));
    environment = { DATABASE_URL: 'postgresql://127.0.0.1:1/none', AUTH_JWKS_FILE: join(folder, 'jwks.json') };
    open = await startGateway({ ...environment, CORS_ORIGINS: `${APP}, http://localhost:5173` });
    shut = await startGateway(environment);
  });
  afterAll(async () => {
    await open.close();
    await shut.close();
    await rm(folder, { recursive: true });
  });

  const ask = (at: GatewayUnderTest, origin: string, method = 'GET', path = '/api/budget') =>
    fetch(`${at.url}${path}`, {
      method,
      headers: {
        origin,
        ...(method === 'OPTIONS'
          ? { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
          : {}),
      },
    });
  const granted = ({ headers }: Response) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));

  it.each([APP, 'http://localhost:5173'])('that are listed may read answers, refusals too: %s', async (origin) => {
    const response = await ask(open, origin);
    expect([
      response.status,
      response.headers.get('access-control-allow-origin'),
      response.headers.get('vary'),
    ]).toEqual([401, origin, 'Origin']);
    expect(response.headers.get('access-control-expose-headers')).toContain('retry-after');
    expect(response.headers.has('access-control-allow-credentials')).toBe(false);
  });

  it('get an answer to their preflight', async () => {
    const response = await ask(open, APP, 'OPTIONS', '/api/messages');
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(Object.fromEntries(granted(response).map((name) => [name, response.headers.get(name)]))).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization, communique-status-secret, content-type, idempotency-key',
      'access-control-max-age': '600',
    });
    expect(response.headers.get('ratelimit-policy')).toContain('"other-address"');
    expect((await ask(open, APP, 'OPTIONS', '/nothing')).status).toBe(404);
  });

  it('get Origin added to the route’s own Vary header', async () => {
    const response = await ask(open, APP, 'GET', `/attestation?nonce=${'00'.repeat(32)}`);
    expect(response.headers.get('vary')).toBe('Accept, Origin');
  });

  it.each([
    ['/api/budget', 405, 'GET, HEAD'],
    ['/nothing', 404, null],
    ['/*', 404, null],
  ])(
    'get a refusal for an OPTIONS request that is not a preflight, whatever its body: %s',
    async (path, status, allow) => {
      const headers = { origin: APP, 'content-type': 'text/plain' };
      const response = await fetch(`${open.url}${path}`, { method: 'OPTIONS', headers, body: 'none of ours' });
      expect([response.status, response.headers.get('allow'), granted(response)]).toEqual([
        status,
        allow,
        ['access-control-allow-origin', 'access-control-expose-headers'],
      ]);
    },
  );

  it.each(OTHERS)('that are not listed get no CORS headers: %s', async (origin) => {
    for (const method of ['GET', 'OPTIONS']) {
      const response = await ask(open, origin, method);
      expect([response.status, granted(response), response.headers.get('vary')]).toEqual([
        method === 'GET' ? 401 : 405,
        [],
        'Origin',
      ]);
    }
  });

  it('get no CORS headers if the gateway lists no origin', async () => {
    for (const method of ['GET', 'OPTIONS']) {
      const response = await ask(shut, APP, method);
      expect([response.status, granted(response), response.headers.get('vary')]).toEqual([
        method === 'GET' ? 401 : 405,
        [],
        null,
      ]);
    }
  });
});
