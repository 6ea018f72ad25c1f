import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { Metrics } from '../../core/telemetry/metrics';
import { EnclaveClient } from './enclave-client';
import type { EnclaveClients } from './enclave-clients';
import { EnclaveReportMetrics } from './enclave-report-metrics';
import { EnclaveReports } from './enclave-reports';
import { answer, connectionTotals, enclaveHealth, problem, TestEnclave, type Behaviour } from './testing/test-enclave';

let folder: TemporaryFolder;
let enclaves: TestEnclave[];
let clients: EnclaveClient[];
let reports: EnclaveReports;
let metrics: Metrics;

beforeEach(async () => {
  folder = await temporaryFolder();
  enclaves = ['a', 'b'].map(
    (name) => new TestEnclave({ kind: 'unix', path: folder.file(name) }, problem('enclave_busy')),
  );
  for (const each of enclaves) await each.start();
  clients = ['a', 'b'].map((name) => new EnclaveClient({ address: `unix:${folder.file(name)}`, timeoutMs: 5_000 }));
  reports = new EnclaveReports({ all: clients } as unknown as EnclaveClients);
  metrics = new Metrics();
  new EnclaveReportMetrics(metrics, reports);
});
afterEach(async () => {
  await reports.beforeApplicationShutdown();
  for (const each of clients) each.close();
  for (const each of enclaves) await each.stop();
  await folder.remove();
});

const reporting =
  (body: unknown): Behaviour =>
  (_request, response) => {
    answer(response, 200, 'application/json', JSON.stringify(body));
  };
const report = (which: number, body: unknown) => {
  (enclaves[which] as TestEnclave).behaviour = reporting(body);
};
const series = async (name: string) => {
  const text = await metrics.registry.metrics();
  return text.split('\n').filter((line) => line.startsWith(`${name}{`) && !line.endsWith(' 0'));
};

it('exports series for the clock and the connections of each enclave that has answered', async () => {
  report(
    1,
    enclaveHealth({
      clockDriftMs: -5_250,
      connections: {
        totals: connectionTotals({ house: { certificate_refused: 7, unreachable: 1 }, kms: { connected: 2 } }),
        certificatesRefused: ['house', 'of a newer enclave'],
      },
    }),
  );
  await reports.askNow();
  expect(reports.all().map((health) => health?.clockDriftMs ?? null)).toEqual([null, -5_250]);
  expect(await series('communique_enclave_clock_drift_seconds')).toEqual([
    'communique_enclave_clock_drift_seconds{enclave="1"} -5.25',
  ]);
  expect(await series('communique_enclave_clock_error_seconds')).toEqual([
    'communique_enclave_clock_error_seconds{enclave="1"} 5.25',
  ]);
  expect(await series('communique_enclave_certificates_refused')).toEqual([
    'communique_enclave_certificates_refused{enclave="1",destination="house"} 1',
  ]);
  expect(await series('communique_enclave_connections_total')).toEqual([
    'communique_enclave_connections_total{enclave="1",destination="house",outcome="unreachable"} 1',
    'communique_enclave_connections_total{enclave="1",destination="house",outcome="certificate_refused"} 7',
    'communique_enclave_connections_total{enclave="1",destination="kms",outcome="connected"} 2',
  ]);
  const text = await metrics.registry.metrics();
  expect(text).toContain(
    'communique_enclave_connections_total{enclave="1",destination="senate",outcome="connected"} 0',
  );
  expect(text).not.toContain('enclave="0"');
  // A second reading does not add to the counters
  expect(await metrics.registry.metrics()).toBe(text);
});

it('leaves out an enclave whose answer cannot be read', async () => {
  report(1, { ...enclaveHealth(), connections: { totals: {}, certificatesRefused: [] } });
  await reports.askNow();
  expect(reports.of(1)).toBeNull();
});

it.each<[string, Behaviour]>([
  ['refuses a request', problem('enclave_busy')],
  ['answers in another form', reporting({ ...enclaveHealth(), connections: {} })],
  ['closes the connection', (_request, response) => void response.destroy()],
])('keeps the last report of an enclave that %s until it is a minute old', async (_how, behaviour) => {
  report(0, enclaveHealth({ clockDriftMs: 7_000 }));
  await reports.askNow();
  const reportedMs = performance.now();
  (enclaves[0] as TestEnclave).behaviour = behaviour;
  await reports.askNow();
  expect(reports.of(0)?.clockDriftMs).toBe(7_000);
  expect(await series('communique_enclave_clock_drift_seconds')).toEqual([
    'communique_enclave_clock_drift_seconds{enclave="0"} 7',
  ]);
  const clock = jest.spyOn(performance, 'now').mockReturnValue(reportedMs + 60_000);
  expect(reports.of(0)).toBeNull();
  clock.mockRestore();
});
