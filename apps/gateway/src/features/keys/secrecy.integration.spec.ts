import { writeFile } from 'node:fs/promises';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { encodeCanonical } from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { startPostgres, type Postgres } from '@communique-tee/testing/postgres';
import { AttestationJudge } from '../attestation/attestation-judge';
import { AttestationMonitor } from '../attestation/attestation-monitor';
import { parseSentryDsn } from '@communique-tee/gateway-environment';
import { Database } from '../../core/database/database';
import { EnclaveClients } from '../enclave/enclave-clients';
import { answer } from '../enclave/testing/test-enclave';
import { ErrorReports } from '../../core/telemetry/errors/error-reports';
import { SentrySimulator } from '../../core/telemetry/errors/testing/sentry-simulator';
import { Logger } from '../../core/telemetry/logger';
import { Metrics } from '../../core/telemetry/metrics';
import { testConfig } from '../../testing/gateway-under-test';
import { EnclaveKeys } from './enclave-keys';
import { OperatorSecrets } from './operator-secrets';
import { ParentCredentials } from './parent-credentials';
import { SealedKeyStore } from './sealed-key-store';
import { KeyedEnclave } from './testing/keyed-enclave';
import { EnclaveMetrics } from '../enclave/enclave-metrics';
import { KeyMetrics } from './key-metrics';

const ACCESS_KEY_ID = 'AKIAxSesamexIDx';
const SECRET = 'xSesamexSecretxAccessxKeyx';
const TOKEN = 'xSesamexSessionxTokenx';
/** An operator's secret, as ciphertext. */
const CIPHERTEXT = 'xSesamexCiphertextx';

describe('a secret that the gateway offers to enclaves', () => {
  let postgres: Postgres;
  let databaseUrl: string;
  let folder: TemporaryFolder;
  let nsm: Nsm;
  let sentry: SentrySimulator;
  beforeAll(async () => {
    [postgres, folder] = await Promise.all([startPostgres(), temporaryFolder()]);
    databaseUrl = await postgres.createMigratedDatabase();
    nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.file('root') }));
    await writeFile(folder.file('root.pem'), await developmentRootPem(folder.file('root')));
    sentry = new SentrySimulator('0123456789abcdef0123456789abcdef');
  });
  afterAll(async () => {
    await sentry.stop();
    await postgres.stop();
    await folder.remove();
  });

  it('reaches the enclaves, but is in no log line, metric, report or view', async () => {
    const secretsFile = folder.file('secrets.json');
    await writeFile(
      secretsFile,
      JSON.stringify({
        'cwc-house': Buffer.from(CIPHERTEXT).toString('base64'),
        'not-wanted': Buffer.from(CIPHERTEXT).toString('base64'),
      }),
    );
    const config = testConfig({
      DATABASE_URL: databaseUrl,
      AUTH_JWKS_FILE: '/nonexistent',
      TEE_PROVIDER: 'mock',
      TEE_ENDPOINT: `unix:${folder.file('enclave')}`,
      TEE_EXPECTED_CODE_HASH: `sha384:${developmentMeasurements.pcr0}`,
      TEE_EXPECTED_OPERATOR: `sha384:${developmentMeasurements.pcr3}`,
      ATTESTATION_DEVELOPMENT_ROOT_FILE: folder.file('root.pem'),
      ENCLAVE_SECRETS_FILE: secretsFile,
    });
    const lines: string[] = [];
    const [logger, metrics, database] = [
      new Logger({ log: { level: 'trace' } }, { write: (line) => lines.push(line) }),
      new Metrics(),
      new Database(config),
    ];
    const reports = new ErrorReports(
      { environment: 'test', errorReports: parseSentryDsn(await sentry.start()) ?? { endpoint: '', publicKey: '' } },
      logger,
      metrics,
    );
    const clients = new EnclaveClients(config, new EnclaveMetrics(metrics));
    const monitor = new AttestationMonitor(clients, new AttestationJudge(config), logger);
    const credentials = new ParentCredentials(
      () => Promise.resolve({ accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET, sessionToken: TOKEN }),
      logger,
    );
    const secrets = new OperatorSecrets(config, logger);
    const keys = new EnclaveKeys(
      config,
      monitor,
      new SealedKeyStore(database),
      credentials,
      secrets,
      logger,
      new KeyMetrics(metrics),
    );
    const enclave = new KeyedEnclave(
      folder.file('enclave'),
      new Map(),
      (fields) => nsm.attest(fields),
      developmentMeasurements.pcr0,
    );
    enclave.wants = { credentials: true, secrets: ['cwc-house', 'absent'] };
    await enclave.server.start();
    try {
      await keys.syncNow();
      await monitor.checkNow();
      const [last] = enclave.offers.slice(-1);
      expect(last?.credentials).toEqual({
        access_key_id: ACCESS_KEY_ID,
        secret_access_key: SECRET,
        session_token: TOKEN,
        expires: null,
      });
      expect(Object.entries(last?.secrets ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual(
        [['cwc-house', CIPHERTEXT]],
      );
      const views = JSON.stringify([
        monitor.views(),
        monitor.enclaves[0].keys(),
        await new SealedKeyStore(database).list(),
      ]);

      // Now the enclave echoes the secrets in every place that takes a text
      enclave.onKeys = (request, response) => {
        answer(response, 200, 'application/cbor', request.body);
      };
      await keys.syncNow();
      enclave.onKeys = (_request, response) => {
        answer(
          response,
          500,
          'application/problem+json',
          JSON.stringify({ code: SECRET, title: SECRET, detail: TOKEN }),
        );
      };
      await keys.syncNow();
      const said = {
        custody: 'arn:aws:kms:us-east-1:123456789012:alias/x',
        state: 'waiting',
        wants: { credentials: true, secrets: [] },
        current: null,
        held: [],
        proposal: null,
        refused_secrets: [{ name: 'cwc-house', code: 'x_sesame_x' }],
      };
      enclave.onKeys = (_request, response) => {
        answer(
          response,
          200,
          'application/cbor',
          encodeCanonical({ v: 1, ...said, refused: [{ key_id: null, code: 'x_sesame_x' }], kms: 'x_sesame_x' }),
        );
      };
      await keys.syncNow();
      enclave.onKeys = undefined;

      // A simulated bug of the gateway: an error contains the secrets
      jest
        .spyOn(secrets, 'current')
        .mockRejectedValue(
          Object.assign(new Error(`${SECRET} ${TOKEN}`), { credentials: SECRET, code: SECRET.toLowerCase() }),
        );
      await keys.syncNow();
      await sentry.until(() => sentry.arrivals.length > 0);

      expect(sentry.events()).toMatchObject([{ logentry: { message: 'keys could not be exchanged' } }]);
      const seen = [
        views,
        lines.filter((line) => !line.includes('x_sesame_x')).join(''),
        await metrics.registry.metrics(),
        ...sentry.arrivals.map(({ raw }) => raw),
      ].join('\n');
      for (const secret of [
        ACCESS_KEY_ID,
        SECRET,
        TOKEN,
        CIPHERTEXT,
        Buffer.from(CIPHERTEXT).toString('base64'),
        'x_sesame_x',
      ])
        expect(seen).not.toContain(secret);
      expect(seen).toMatch(/communique_enclave_kms_failures_total\{code="other"\} [12]\n/);
      expect(seen).toContain('communique_enclave_keys_refused_total{code="other"} 1');
      expect(seen).toContain('communique_enclave_key_proposals_total{outcome="stored"} 1');
    } finally {
      await keys.beforeApplicationShutdown();
      await monitor.beforeApplicationShutdown();
      await reports.onApplicationShutdown();
      clients.onApplicationShutdown();
      await enclave.server.stop();
      await database.onApplicationShutdown();
    }
  });
});
