import { once } from 'node:events';
import { get } from 'node:http';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { parseAddress, type Address } from '@communique-tee/vsock';
import { startHybridDevice, type HybridDevice } from '@communique-tee/testing/vsock';
import { EnclaveAgent } from './enclave-agent';
import { EnclaveClient } from './enclave-client';
import { TestEnclave, answer, enclaveHealth } from './testing/test-enclave';

describe('the connections to an emulated enclave', () => {
  let folder: TemporaryFolder;
  let inside: Address;
  let enclave: TestEnclave;
  let device: HybridDevice;
  let agent: EnclaveAgent;

  beforeEach(async () => {
    folder = await temporaryFolder();
    inside = { kind: 'unix', path: folder.file('guest') };
    enclave = new TestEnclave(inside, (_request, response) => {
      answer(response, 200, 'text/plain', 'ok');
    });
    await boot();
    agent = new EnclaveAgent(parseAddress(`hybrid:${folder.file('vm')}:5000`));
  });
  afterEach(async () => {
    agent.destroy();
    await device.stop();
    await enclave.stop();
    await folder.remove();
  });

  const boot = async () => {
    await enclave.start();
    device = await startHybridDevice(folder.file('vm'));
    device.guest.set(5000, inside);
  };
  const ask = () =>
    new Promise<string>((resolve, reject) => {
      get({ agent, path: '/', host: 'enclave' }, (response) => {
        response
          .setEncoding('utf8')
          .toArray()
          .then((parts) => {
            resolve(parts.join(''));
          }, reject);
      }).on('error', reject);
    });
  const idle = () => Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []);
  const open = () => Object.values(agent.sockets).flatMap((sockets) => sockets ?? []);

  it('are kept, so that many requests use few connections', async () => {
    for (let round = 0; round < 20; round++) expect(await ask()).toBe('ok');
    expect(device.requests).toBe(1);
    await Promise.all(Array.from({ length: 30 }, ask));
    expect(idle().length).toBeLessThanOrEqual(8);
  });

  it('are never more than 64, however many requests are made at once', async () => {
    enclave.behaviour = (_request, response) => {
      answer(response, 200, 'application/json', JSON.stringify(enclaveHealth()));
    };
    const client = new EnclaveClient({ address: `hybrid:${folder.file('vm')}:5000`, timeoutMs: 20_000 });
    const answers = await Promise.all(Array.from({ length: 300 }, () => client.health()));
    expect(answers.every(({ kind }) => kind === 'answer')).toBe(true);
    expect(device.requests).toBeLessThanOrEqual(64);
    client.close();
  });

  it('to an enclave that died are dropped at once, and new ones are made once it runs again', async () => {
    await Promise.all(Array.from({ length: 5 }, ask));
    const kept = idle();
    expect(kept.length).toBeGreaterThan(0);
    const dropped = Promise.all(kept.map((socket) => once(socket, 'close')));
    await device.stop();
    await enclave.stop();
    await dropped;
    expect(idle()).toEqual([]);
    expect(open()).toEqual([]);
    await expect(ask()).rejects.toMatchObject({ code: 'ENOENT' });
    expect(open()).toEqual([]);
    await boot();
    expect(await ask()).toBe('ok');
  });

  it('are refused while the enclave boots, when the device exists but no process listens', async () => {
    device.guest.clear();
    await expect(ask()).rejects.toMatchObject({ name: 'SocketError', code: 'ECONNREFUSED' });
    device.guest.set(5000, inside);
    expect(await ask()).toBe('ok');
  });
});
