import { createNsm } from '@communique-tee/nsm';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { createMockNsmTransport } from './mock-nsm';
import { connectNsm, serveNsm } from './socket';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('nsm');
});
afterAll(() => folder.remove());

it('serves the mock NSM to many requests at once', async () => {
  const mock = await createMockNsmTransport({ rootFolder: folder.path, moduleId: 'i-0-enc1' });
  const served = await serveNsm(mock, folder.file('nsm'));
  const nsm = createNsm(connectNsm(folder.file('nsm')));
  const documents = await Promise.all(Array.from({ length: 20 }, (_, at) => nsm.attest({ nonce: Uint8Array.of(at) })));
  expect(documents.map((document) => document.length > 3000)).toEqual(Array(20).fill(true));
  expect(new Set(documents.map((document) => Buffer.from(document).toString('hex'))).size).toBe(20);
  await served.close();
  await expect(nsm.describe()).rejects.toMatchObject({ code: 'ERR_NSM_DEVICE' });
});

it('rejects a request that the served NSM does not answer', async () => {
  const silent = { request: () => Promise.reject(new Error('broken')), close: () => Promise.resolve() };
  const served = await serveNsm(silent, folder.file('silent'));
  const nsm = createNsm(connectNsm(folder.file('silent')));
  await expect(nsm.describe()).rejects.toMatchObject({ code: 'ERR_NSM_DEVICE' });
  await served.close();
});
