import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { keyIdOf } from '@communique-tee/crypto';
import { createNsm } from '@communique-tee/nsm';
import { encodeKeyBinding, encodePublicConfiguration, type PublicConfiguration } from '@communique-tee/protocol';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../create-app';
import { AttestationMonitor } from '../../features/attestation/attestation-monitor';
import { answer, problem, TestEnclave } from '../../features/enclave/testing/test-enclave';
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

  it('fails while the database is away, but liveness does not fail', async () => {
    const { app, url } = await start();
    expect(await until(url, 200)).toMatchObject({ http: 200, status: 'ready' });
    await postgres.kill();
    expect(await until(url, 503)).toMatchObject({ http: 503, code: 'database_unavailable', retryAfter: '5' });
    expect(await ask(url, '/health')).toMatchObject({ http: 200, status: 'ok' });
    await postgres.restart();
    expect(await until(url, 200)).toMatchObject({ http: 200 });
    await app.close();
  });

  it('fails from the start of a shutdown, although the gateway serves requests until it has drained', async () => {
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

  it('fails while the enclave’s attested residence settings differ from the gateway’s', async () => {
    const nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.file('root') }));
    await writeFile(folder.file('root.pem'), await developmentRootPem(folder.file('root')));
    const served = (residence: PublicConfiguration['residence']) =>
      encodePublicConfiguration({
        version: 3,
        stack: 'test',
        custody: 'process',
        residence,
        legacySuite: false,
        egress: [],
        services: {},
      });
    const demanding = served({
      mode: 'required',
      registrar: 'test-registrar',
      keys: ['test-registrar+39a65c34+AZTGzRuzBVuFBHbUMG2qsXbkIkyL1V46GxnUtYi/z0Q4'],
      maxCampaignDays: 90,
      verificationKeySha256: 'ab'.repeat(32),
    });
    let configuration = demanding;
    const publicKey = new Uint8Array(32);
    const enclave = new TestEnclave({ kind: 'unix', path: folder.file('enclave') }, async (request, response) => {
      if (request.path === '/attestation/configuration') {
        answer(response, 200, 'application/json', Buffer.from(configuration));
        return;
      }
      if (request.path !== '/attestation') return problem('not_found')(request, response);
      const userData = encodeKeyBinding({
        keyId: keyIdOf(publicKey),
        receiptKey: new Uint8Array(32),
        custody: 'process',
        configSha256: new Uint8Array(createHash('sha256').update(configuration).digest()),
      });
      const nonce = new Uint8Array(Buffer.from(request.query.get('nonce') ?? '', 'hex'));
      answer(response, 200, 'application/cose', await nsm.attest({ userData, publicKey, nonce }));
    });
    await enclave.start();
    const { app, url } = await start({
      TEE_PROVIDER: 'mock',
      TEE_ENDPOINT: `unix:${folder.file('enclave')}`,
      TEE_EXPECTED_CODE_HASH: `sha384:${developmentMeasurements.pcr0}`,
      TEE_EXPECTED_OPERATOR: `sha384:${developmentMeasurements.pcr3}`,
      ATTESTATION_DEVELOPMENT_ROOT_FILE: folder.file('root.pem'),
    });
    try {
      expect(await until(url, 503)).toMatchObject({ http: 503, code: 'residence_disagrees', retryAfter: '5' });
      configuration = served({ mode: 'off' });
      await app.get(AttestationMonitor).checkNow();
      expect(await until(url, 200)).toMatchObject({ http: 200, status: 'ready' });
    } finally {
      await app.close();
      await enclave.stop();
      await nsm.close();
    }
  });
});
