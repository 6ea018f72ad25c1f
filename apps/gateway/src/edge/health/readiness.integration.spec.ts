import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../create-app';
import { testConfig } from '../../testing/gateway-under-test';
import { createIssuer } from '../../testing/issuer';

describe('readiness', () => {
  let postgres: Postgres;
  let databaseUrl: string;
  let folder: TemporaryFolder;
  let environment: Record<string, string>;

  beforeAll(async () => {
    [postgres, folder] = await Promise.all([startPostgres({ own: true }), temporaryFolder()]);
    databaseUrl = await postgres.createMigratedDatabase();
    await (await createIssuer()).writeKeySet(folder.file('jwks.json'));
    environment = { DATABASE_URL: databaseUrl, AUTH_JWKS_FILE: folder.file('jwks.json') };
  });
  afterAll(async () => {
    await postgres.stop();
    await folder.remove();
  });

  async function start(over: Record<string, string> = {}): Promise<{ app: NestFastifyApplication; url: string }> {
    const app = await createApp(testConfig({ ...environment, ...over }));
    await app.listen(0, '127.0.0.1');
    return { app, url: (await app.getUrl()).replace('[::1]', '127.0.0.1') };
  }
  const ask = async (url: string, path = '/health/ready') => {
    const response = await fetch(`${url}${path}`);
    const { status, code } = (await response.json()) as { status: unknown; code?: string };
    return {
      http: response.status,
      status,
      code,
      connection: response.headers.get('connection'),
      retryAfter: response.headers.get('retry-after'),
    };
  };
  async function until(url: string, http: number): Promise<Awaited<ReturnType<typeof ask>>> {
    for (let round = 0; round < 400; round++) {
      const answer = await ask(url);
      if (answer.http === http) return answer;
      await sleep(50);
    }
    return ask(url);
  }

  it('says no while the database is away, and the process lives all the same', async () => {
    const { app, url } = await start();
    expect(await until(url, 200)).toMatchObject({ http: 200, status: 'ready' });
    await postgres.kill();
    expect(await until(url, 503)).toMatchObject({ http: 503, code: 'database_unavailable', retryAfter: '5' });
    expect(await ask(url, '/health')).toMatchObject({ http: 200, status: 'ok' });
    await postgres.restart();
    expect(await until(url, 200)).toMatchObject({ http: 200 });
    await app.close();
  });

  it('says no from the beginning of a shutdown on, while the rest goes on until it has drained', async () => {
    const { app, url } = await start({ SHUTDOWN_DRAIN_MS: '5000' });
    expect((await until(url, 200)).http).toBe(200);
    const closed = app.close();
    expect(await until(url, 503)).toMatchObject({
      http: 503,
      code: 'shutting_down',
      connection: 'close',
      retryAfter: '5',
    });
    expect(await ask(url, '/health')).toMatchObject({ http: 200, status: 'ok', connection: 'close' });
    expect((await fetch(`${url}/api/budget`)).status).toBe(401);
    await closed;
    await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
  });
});
