import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from './create-app';
import { OPERATIONS } from './edge/openapi/operations';
import { RegisteredRoutes } from './core/routing/registered-routes';
import { testConfig } from './testing/gateway-under-test';
import { createIssuer } from './testing/issuer';

describe('the whole gateway', () => {
  it('has the routes that its OpenAPI document describes, and no others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'communique-routes-'));
    const keySet = join(folder, 'jwks.json');
    await (await createIssuer()).writeKeySet(keySet);
    // Nothing listens where these point: to know the routes nothing has to.
    const app = await createApp(testConfig({ DATABASE_URL: 'postgresql://127.0.0.1:1/none', AUTH_JWKS_FILE: keySet }));
    try {
      await app.init();
      const registered = app
        .get(RegisteredRoutes)
        .all()
        .filter(({ url }) => !url.startsWith('/docs'));
      const documented = OPERATIONS.map(({ method, path }) => ({
        method: method.toUpperCase(),
        url: path.replace(/\{(\w+)\}/g, ':$1'),
      }));
      const sorted = (routes: { method: string; url: string }[]) =>
        routes.map(({ method, url }) => `${method} ${url}`).sort();
      expect(sorted(registered)).toEqual(sorted(documented));
    } finally {
      await app.close();
      await rm(folder, { recursive: true });
    }
  });
});
