import { readAttestation_unverified } from '@communique-tee/attestation';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport } from '@communique-tee/testing/nsm-mock';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { AnchoredClock } from '../../runtime/anchored-clock';
import { createKeySecret, deriveEnclaveKeys } from './enclave-keys';
import { DocumentSource } from './document-source';

const MINUTE_MS = 60_000;

/** Like a real NSM, the mock NSM uses one leaf certificate until shortly before its end. */
describe('an attestation document', () => {
  let folder: TemporaryFolder;
  let nsm: Nsm;
  let documents: DocumentSource;
  let failing: boolean;
  let elapsedMs: number;
  const startMs = Date.now();
  const nowMs = () => startMs + elapsedMs;
  const leafEndsAtMs = (bytes: Uint8Array) => readAttestation_unverified(bytes).certificates.at(-1)?.notAfterMs ?? 0;

  beforeEach(async () => {
    elapsedMs = 0;
    failing = false;
    folder = await temporaryFolder('documents');
    const real = createNsm(await createMockNsmTransport({ rootFolder: folder.path, now: nowMs }));
    nsm = { ...real, attest: (fields) => (failing ? Promise.reject(new Error('the NSM fails')) : real.attest(fields)) };
    documents = new DocumentSource(
      nsm,
      deriveEnclaveKeys(await createKeySecret(nsm), 'process'),
      new AnchoredClock(() => elapsedMs),
      new Uint8Array(32),
    );
  });
  afterEach(() => folder.remove());

  it('for receipts is valid at every moment at which a receipt may be made', async () => {
    await documents.withoutNonce(); // the leaf certificate is made now
    for (elapsedMs = 0; elapsedMs < 400 * MINUTE_MS; elapsedMs += MINUTE_MS) {
      const { bytes } = await documents.forReceipt();
      expect(leafEndsAtMs(bytes)).toBeGreaterThan(nowMs());
    }
  });

  it('for receipts is kept for half an hour', async () => {
    const first = await documents.forReceipt();
    elapsedMs = 29 * MINUTE_MS;
    expect(await documents.forReceipt()).toBe(first);
    elapsedMs = 31 * MINUTE_MS;
    expect(await documents.forReceipt()).not.toBe(first);
  });

  it('for receipts is the last one made while the NSM fails, until its certificates end', async () => {
    const first = await documents.forReceipt();
    failing = true;
    elapsedMs = 120 * MINUTE_MS;
    expect(await documents.forReceipt()).toBe(first);
    elapsedMs = 181 * MINUTE_MS;
    await expect(documents.forReceipt()).rejects.toThrow('the NSM fails');
  });

  it('is refused as enclave_busy while 32 requests wait', async () => {
    const asked = await Promise.allSettled(
      Array.from({ length: 40 }, (_, i) => documents.withNonce(new Uint8Array(32).fill(i))),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(32);
    for (const result of asked)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'enclave_busy' });
    await expect(documents.withNonce(new Uint8Array(32))).resolves.toBeDefined();
  });

  it('is at most ten seconds old without a nonce, and always new with one', async () => {
    const first = await documents.withoutNonce();
    elapsedMs = 10_000;
    expect(await documents.withoutNonce()).toBe(first);
    elapsedMs = 10_001;
    expect(readAttestation_unverified(await documents.withoutNonce()).timestampMs).toBe(nowMs());
    const nonce = new Uint8Array(16).fill(7);
    expect(readAttestation_unverified(await documents.withNonce(nonce)).nonce).toEqual(nonce);
  });
});
