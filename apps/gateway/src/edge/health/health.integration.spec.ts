import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { keyIdOf } from '@communique-tee/crypto';
import { encodeKeyBinding, encodeKeyStatus, toHex, type KeyStatus } from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Client } from 'pg';
import { AttestationMonitor } from '../../features/attestation/attestation-monitor';
import { EmergencyStop } from '../../features/budget/emergency-stop';
import { windowsOf } from '../../features/budget/windows';
import { DeliveryQueue } from '../../features/delivery/delivery-queue';
import { createApp } from '../../create-app';
import { Database } from '../../core/database/database';
import { EnclaveReports } from '../../features/enclave/enclave-reports';
import {
  TestEnclave,
  answer,
  problem,
  type Behaviour,
  enclaveHealth,
} from '../../features/enclave/testing/test-enclave';
import { testConfig } from '../../testing/gateway-under-test';
import { EnclaveKeys } from '../../features/keys/enclave-keys';
import { ALIAS } from '../../features/keys/testing/keyed-enclave';

interface Body {
  readonly status: string;
  readonly details: Record<string, Record<string, unknown>>;
}

const KEY_ID = toHex(keyIdOf(new Uint8Array(32)));

describe('health', () => {
  let postgres: Postgres;
  let databaseUrl: string;
  let folder: TemporaryFolder;
  let nsm: Nsm;
  let enclave: TestEnclave;
  let app: NestFastifyApplication;
  let url: string;
  let health = enclaveHealth();

  let keys: Partial<KeyStatus> | null = null;
  const behaviour: Behaviour = async (request, response) => {
    const { path, query } = request;
    if (path === '/keys') {
      if (keys === null) return problem('not_found')(request, response);
      const status: KeyStatus = {
        custody: ALIAS,
        state: 'ready',
        wants: { credentials: false, secrets: [] },
        current: new Uint8Array(16),
        held: [new Uint8Array(16), new Uint8Array(16).fill(1)],
        proposal: null,
        refused: [],
        refused_secrets: [],
        kms: null,
        ...keys,
      };
      answer(response, 200, 'application/cbor', encodeKeyStatus(status));
      return;
    }
    if (path === '/health') {
      answer(response, 200, 'application/json', JSON.stringify(health));
      return;
    }
    const userData = encodeKeyBinding({
      keyId: keyIdOf(new Uint8Array(32)),
      receiptKey: new Uint8Array(32),
      custody: keys === null ? 'process' : ALIAS,
      configSha256: new Uint8Array(32),
    });
    const nonce = query.get('nonce');
    answer(
      response,
      200,
      'application/cose',
      await nsm.attest({
        userData,
        publicKey: new Uint8Array(32),
        ...(nonce === null ? {} : { nonce: new Uint8Array(Buffer.from(nonce, 'hex')) }),
      }),
    );
  };

  beforeAll(async () => {
    [postgres, folder] = await Promise.all([startPostgres({ own: true }), temporaryFolder()]);
    databaseUrl = await postgres.createMigratedDatabase();
    nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.file('root') }));
    await writeFile(folder.file('root.pem'), await developmentRootPem(folder.file('root')));
    const key = {
      ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }),
      kid: 'test',
      alg: 'EdDSA',
      use: 'sig',
    };
    await writeFile(folder.file('jwks.json'), JSON.stringify({ keys: [key] }));
    enclave = new TestEnclave({ kind: 'unix', path: folder.file('enclave') }, behaviour);
    await enclave.start();
    const config = testConfig({
      DATABASE_URL: databaseUrl,
      AUTH_JWKS_FILE: folder.file('jwks.json'),
      TEE_PROVIDER: 'mock',
      TEE_ENDPOINT: `unix:${folder.file('enclave')}`,
      TEE_EXPECTED_CODE_HASH: `sha384:${developmentMeasurements.pcr0}`,
      TEE_EXPECTED_OPERATOR: `sha384:${developmentMeasurements.pcr3}`,
      ATTESTATION_DEVELOPMENT_ROOT_FILE: folder.file('root.pem'),
    });
    app = await createApp(config);
    await app.listen(0, '127.0.0.1');
    url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    await app.get(AttestationMonitor, { strict: false }).checkNow();
  });
  afterAll(async () => {
    await app.close();
    await enclave.stop();
    await postgres.stop();
    await folder.remove();
  });

  const tee = async () => {
    const response = await fetch(`${url}/api/health/tee`);
    const body = (await response.json()) as Body;
    return {
      status: response.status,
      body,
      down: Object.entries(body.details)
        .filter(([, { status }]) => status !== 'up')
        .map(([name, { status: _status, ...rest }]) => [name, rest]),
    };
  };

  type Health = Awaited<ReturnType<typeof tee>>;
  /** Returns the first answer within a minute that `fits` accepts, otherwise the last answer. */
  const eventually = async (fits: (health: Health) => boolean): Promise<Health> => {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const health = await tee();
      if (fits(health) || Date.now() > deadline) return health;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  it('reports that the process lives, whatever the state of its dependencies', async () => {
    await enclave.stop();
    const response = await fetch(`${url}/health`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
    expect(response.headers.get('cache-control')).toBe('no-store');
    await enclave.start();
    await app.get(AttestationMonitor, { strict: false }).checkNow();
  });

  it('is up when every part is up', async () => {
    // The gateway asks the enclave for its keys as soon as it has verified the enclave
    const { status, body } = await eventually((now) => JSON.stringify(now.body.details['keys']).includes('ready'));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'ok',
      details: {
        enclave: {
          status: 'up',
          enclaveId: 'enclave-of-a-test',
          enclaves: [{ index: 0, up: true, reasons: [], trusted: true, keyId: KEY_ID }],
        },
        attestation: { status: 'up', pcr0: developmentMeasurements.pcr0 },
        keys: {
          status: 'up',
          enclaves: [{ index: 0, custody: 'process', state: 'ready', keyId: KEY_ID, held: null, kms: null }],
        },
        database: { status: 'up' },
        redis: { status: 'up', store: 'memory' },
        queue: { status: 'up', waiting: '0', overdueMs: 0 },
        budget: { status: 'up' },
        agents: { on: false, status: 'up' },
      },
    });
  });

  it.each([
    ['0', [0]],
    ['below_10', [1, 3, 9]],
    ['below_100', [10, 57, 99]],
    ['100_or_more', [100, 101, 100_000]],
  ])('shows the number of waiting messages only as %s', async (band, counts) => {
    const state = jest.spyOn(app.get(DeliveryQueue, { strict: false }), 'state');
    try {
      for (const waiting of counts) {
        state.mockResolvedValue({ waiting, overdueMs: 0 });
        const { queue } = (await tee()).body.details;
        expect({ waiting, queue }).toEqual({ waiting, queue: { status: 'up', waiting: band, overdueMs: 0 } });
      }
    } finally {
      state.mockRestore();
    }
  });

  it('is down when the enclave reports that it is not healthy', async () => {
    health = enclaveHealth({ healthy: false, reasons: ['a_reason_of_a_newer_enclave'] });
    expect(await tee()).toMatchObject({
      status: 503,
      down: [
        [
          'enclave',
          { code: 'enclave_unhealthy', enclaves: [{ index: 0, up: false, reasons: [], trusted: true, keyId: KEY_ID }] },
        ],
      ],
    });
    health = enclaveHealth();
  });

  it.each([
    [['clock_drift'], 'clock_drift'],
    [['every_certificate_refused'], 'every_certificate_refused'],
    [['every_certificate_refused', 'clock_drift'], 'clock_drift'],
    [[], 'enclave_unhealthy'],
  ])('is down when the enclave gives the reasons %j, and readiness names %s', async (reasons, code) => {
    health = enclaveHealth({ healthy: false, reasons });
    const reports = app.get(EnclaveReports, { strict: false });
    await reports.askNow();
    const enclaves = [{ index: 0, up: false, reasons: [...reasons].sort(), trusted: true, keyId: KEY_ID }];
    expect(await tee()).toMatchObject({ status: 503, down: [['enclave', { code, enclaves }]] });
    const ready = await fetch(`${url}/health/ready`);
    // The gateway still accepts messages, which wait
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', keys: 'ready', enclave: code }]);
    health = enclaveHealth();
    await reports.askNow();
    expect((await tee()).status).toBe(200);
  });

  it('is down while the enclave waits for its keys, and degraded while KMS fails', async () => {
    const sync = async () => {
      await app.get(AttestationMonitor, { strict: false }).checkNow();
      await app.get(EnclaveKeys, { strict: false }).syncNow();
    };
    const view = { index: 0, custody: ALIAS, state: 'ready', keyId: '00'.repeat(16), held: 2, kms: null };
    keys = {};
    await sync();
    expect((await tee()).body.details['keys']).toEqual({ status: 'up', enclaves: [view] });
    expect(await (await fetch(`${url}/health/ready`)).json()).toEqual({
      status: 'ready',
      keys: 'ready',
      enclave: 'healthy',
    });
    keys = { kms: 'kms_throttled' };
    await sync();
    expect(await tee()).toMatchObject({
      status: 200,
      body: { details: { keys: { code: 'kms_throttled', enclaves: [{ ...view, kms: 'kms_throttled' }] } } },
    });
    keys = { state: 'waiting', current: null, held: [], kms: 'kms_denied' };
    await sync();
    expect((await tee()).status).toBe(503);
    expect((await tee()).body.details['keys']).toMatchObject({
      status: 'down',
      code: 'keys_not_ready',
      enclaves: [{ state: 'waiting', held: 0, kms: 'kms_denied' }],
    });
    // The gateway still accepts messages and answers questions about them
    const ready = await fetch(`${url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', keys: 'waiting', enclave: 'healthy' }]);
    keys = null;
    await sync();
    expect((await tee()).status).toBe(200);
  });

  it('is down when the enclave runs another image, and names the check that failed', async () => {
    const wrong = createNsm(
      await createMockNsmTransport({
        rootFolder: folder.file('root'),
        pcrs: new Map([[0, new Uint8Array(48).fill(9)]]),
      }),
    );
    const right = nsm;
    nsm = wrong;
    const monitor = app.get(AttestationMonitor, { strict: false });
    await monitor.checkNow();
    expect(await tee()).toMatchObject({
      status: 503,
      down: [['attestation', { code: 'attestation_refused', check: 'ERR_ATTESTATION_MEASUREMENT' }]],
    });
    nsm = right;
    await monitor.checkNow();
    expect((await tee()).status).toBe(200);
  });

  it('is down without the enclave', async () => {
    await enclave.stop();
    const monitor = app.get(AttestationMonitor, { strict: false });
    await monitor.checkNow();
    expect(await tee()).toMatchObject({
      status: 503,
      down: expect.arrayContaining([
        ['enclave', expect.objectContaining({ code: 'enclave_unavailable' })],
        ['attestation', expect.objectContaining({ code: 'enclave_unavailable' })],
      ]) as unknown,
    });
    await enclave.start();
    await monitor.checkNow();
  });

  it('is down while an emergency stop is set', async () => {
    await app.get(EmergencyStop).raise('a test of health');
    const { status, down } = await tee();
    expect(status).toBe(503);
    expect(down).toEqual([['budget', { code: 'emergency_stop', since: expect.any(String) as string }]]);
    expect(JSON.stringify(down)).not.toContain('a test of health');
    await app.get(Database).client.emergencyStop.updateMany({ data: { clearedAt: new Date() } });
    expect((await tee()).status).toBe(200);
  });

  it('is down while no further message fits below the hourly limit, even if cents are left', async () => {
    const { client } = app.get(Database);
    const startsAt = windowsOf(new Date()).hour;
    await client.budgetWindow.createMany({
      data: [startsAt, new Date(startsAt.getTime() + 3_600_000)].map((hour) => ({
        scope: 'system_hour',
        subject: '',
        startsAt: hour,
        spentMicroUsd: 999_970_000n,
      })),
    });
    expect(await tee()).toMatchObject({ status: 503, down: [['budget', { code: 'system_hourly_limit_reached' }]] });
    await client.budgetWindow.updateMany({ data: { spentMicroUsd: 999_960_000n } });
    expect((await tee()).status).toBe(200);
    await client.budgetWindow.deleteMany();
  });

  it('is down when the database is read-only', async () => {
    const name = new URL(databaseUrl).pathname.slice(1);
    // A separate connection, because every connection of the gateway's pool must end
    const admin = new Client({ connectionString: databaseUrl, options: '-c default_transaction_read_only=off' });
    await admin.connect();
    const set = async (change: string) => {
      await admin.query(
        `ALTER DATABASE "${name}" ${change} default_transaction_read_only${change === 'SET' ? ' = on' : ''}`,
      );
      await admin.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'communique-gateway'",
      );
    };
    try {
      await set('SET');
      // The pool finds out about its dead connections one by one
      expect(
        await eventually(
          ({ status, down }) =>
            status === 503 && down.length === 1 && JSON.stringify(down).includes('database_read_only'),
        ),
      ).toMatchObject({ down: [['database', { code: 'database_read_only' }]] });
    } finally {
      await set('RESET');
      await admin.end();
    }
    expect((await eventually(({ status }) => status === 200)).status).toBe(200);
  });

  it('is down while the database is away, and up again afterwards', async () => {
    await postgres.kill();
    const { status, down } = await tee();
    expect(status).toBe(503);
    expect(down.sort()).toEqual(
      ['budget', 'database', 'queue'].map((name) => [name, { code: 'database_unavailable' }]),
    );
    expect((await fetch(`${url}/health`)).status).toBe(200);
    await postgres.restart();
    expect((await eventually(({ status }) => status === 200)).status).toBe(200);
  });

  it('serves attestation over HTTP, as JSON and as bytes', async () => {
    const json = await fetch(`${url}/attestation?nonce=${'ab'.repeat(16)}`);
    expect([
      json.status,
      json.headers.get('content-type'),
      json.headers.get('cache-control'),
      json.headers.get('vary'),
    ]).toEqual([200, expect.stringMatching(/^application\/json/), 'no-store', 'Accept']);
    const { attestation_document: document } = (await json.json()) as { attestation_document: string };
    expect(Buffer.from(document, 'base64').length).toBeGreaterThan(1000);
    const cose = await fetch(`${url}/attestation`, { headers: { accept: 'application/cose' } });
    expect([cose.status, cose.headers.get('content-type')]).toEqual([200, 'application/cose']);
    expect((await cose.arrayBuffer()).byteLength).toBeGreaterThan(1000);
    const refused = await fetch(`${url}/attestation?nonce=zz`);
    expect([
      refused.status,
      refused.headers.get('content-type'),
      ((await refused.json()) as { code: string }).code,
    ]).toEqual([400, expect.stringMatching(/^application\/problem\+json/), 'nonce_invalid']);
  });
});
