import { createHash } from 'node:crypto';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { EnclaveClients } from '../enclave/enclave-clients';
import { TestEnclave, answer, problem, type Behaviour } from '../enclave/testing/test-enclave';
import { Metrics } from '../../core/telemetry/metrics';
import { EnclaveMetrics } from '../enclave/enclave-metrics';
import { EnclaveConfigurations } from './enclave-configurations';

const serving =
  (text: string): Behaviour =>
  (_, response) => {
    answer(response, 200, 'application/json', text);
  };
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

describe('the public configurations that the gateway relays', () => {
  let folder: TemporaryFolder;
  let enclaves: [TestEnclave, TestEnclave];
  let clients: EnclaveClients;
  let configurations: EnclaveConfigurations;
  const asked = () => enclaves.map(({ requests }) => requests.length);

  beforeEach(async () => {
    folder = await temporaryFolder('configurations');
    const enclave = (name: string) =>
      new TestEnclave({ kind: 'unix', path: folder.file(name) }, serving(`{"stack":"${name}"}`));
    enclaves = [enclave('one'), enclave('two')];
    await Promise.all(enclaves.map((each) => each.start()));
    const addresses = [`unix:${folder.file('one')}`, `unix:${folder.file('two')}`] as const;
    clients = new EnclaveClients({ enclave: { addresses, timeoutMs: 20_000 } }, new EnclaveMetrics(new Metrics()));
    configurations = new EnclaveConfigurations(clients);
  });
  afterEach(async () => {
    clients.onApplicationShutdown();
    await Promise.all(enclaves.map((each) => each.stop()));
    await folder.remove();
  });

  it('are found by their hash, whichever enclave serves them, and fetched once', async () => {
    for (const name of ['one', 'two', 'one']) {
      const text = `{"stack":"${name}"}`;
      expect(Buffer.from(await configurations.get(hashOf(text))).toString()).toBe(text);
    }
    expect(asked()).toEqual([1, 1]);
  });

  it('are not found by another hash, and repeated requests do not ask the enclaves again', async () => {
    for (const hash of [hashOf('a'), hashOf('b'), hashOf('c')])
      await expect(configurations.get(hash)).rejects.toMatchObject({ code: 'not_found' });
    expect(asked()).toEqual([1, 1]);
  });

  it('come from the enclaves that answer', async () => {
    enclaves[0].behaviour = problem('enclave_busy');
    await expect(configurations.get(undefined)).resolves.toEqual(new Uint8Array(Buffer.from('{"stack":"two"}')));
  });

  it('are unavailable if no enclave serves one of the right type and size', async () => {
    enclaves[0].behaviour = serving('x'.repeat(16 * 1024 + 1));
    enclaves[1].behaviour = (_, response) => {
      answer(response, 200, 'text/html', '<p>');
    };
    await expect(configurations.get(undefined)).rejects.toMatchObject({ code: 'enclave_unavailable' });
  });
});
