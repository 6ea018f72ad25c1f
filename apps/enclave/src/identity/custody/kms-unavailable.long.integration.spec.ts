import { enclaveHealthSchema, type HandedCredentials } from '@communique-tee/protocol';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { RecordStore } from '../../testing/record-store';
import { ALIAS, CREDENTIALS, DAY_MS, PARENT, startSealedWorld, type SealedWorld } from '../../testing/sealed-world';
import { Sender } from '../../testing/sender';

let world: SealedWorld;
let record: Uint8Array;
beforeAll(async () => {
  world = await startSealedWorld();
  const store = new RecordStore();
  const enclave = await world.start();
  await store.settle([enclave]);
  record = store.records[0]!;
});
afterAll(() => world.stop());
afterEach(() => {
  world.kms.faults.clear();
  world.kms.setPolicy(ALIAS, world.policies.enclave);
  world.kms.setKeyState(ALIAS, 'Enabled');
  world.kms.setCredentials(PARENT);
});

/**
 * The KMS client does not wait between tries: a pause only advances this counter. So it gives up after the same number of tries on every
 * machine.
 */
let mockPausedMs = 0;
jest.mock('@communique-tee/kms', () => {
  const kms = jest.requireActual<typeof import('@communique-tee/kms')>('@communique-tee/kms');
  const createKmsClient: typeof kms.createKmsClient = (options) =>
    kms.createKmsClient({
      ...options,
      monotonicMs: () => performance.now() + mockPausedMs,
      sleep: (ms) => Promise.resolve(void (mockPausedMs += ms)),
    });
  return { ...kms, createKmsClient };
});

/** A short time limit, for tests that wait until it has passed. All other tests use the default. */
const TIMEOUT_MS = 1_000;
const impatient = (configuration: Record<string, unknown>) => ({
  ...configuration,
  kms: { ...(configuration['kms'] as object), timeoutMs: TIMEOUT_MS },
});

describe('an enclave that cannot use KMS', () => {
  const always = { times: 'always' } as const;
  const cases: [string, () => void, HandedCredentials | null, string][] = [
    ['because KMS throttles', () => world.kms.faults.add({ kind: 'throttling' }, always), CREDENTIALS, 'kms_throttled'],
    [
      'because KMS has an internal error',
      () => world.kms.faults.add({ kind: 'internal' }, always),
      CREDENTIALS,
      'kms_failed',
    ],
    [
      'because KMS answers with garbage',
      () => world.kms.faults.add({ kind: 'garbage' }, always),
      CREDENTIALS,
      'kms_answer_invalid',
    ],
    [
      'because the answer of KMS is cut',
      () => world.kms.faults.add({ kind: 'cut', at: 'in_the_answer' }, always),
      CREDENTIALS,
      'kms_unreachable',
    ],
    [
      'because KMS answers too late',
      () => world.kms.faults.add({ kind: 'slow', delayMs: 600_000 }, always),
      CREDENTIALS,
      'kms_timeout',
    ],
    [
      'because KMS answers for the key of another account',
      () => world.kms.faults.add({ kind: 'wrong_key_id' }, always),
      CREDENTIALS,
      'kms_answer_invalid',
    ],
    [
      'because KMS answers with a plaintext',
      () => world.kms.faults.add({ kind: 'plaintext', instead: true }, always),
      CREDENTIALS,
      'kms_answer_invalid',
    ],
    [
      'because the clock of KMS differs',
      () => world.kms.faults.add({ kind: 'clock', offsetMs: 3600_000 }, always),
      CREDENTIALS,
      'kms_clock',
    ],
    [
      'because the key policy does not name this image',
      () =>
        world.kms.setPolicy(
          ALIAS,
          world.policies.enclave.replaceAll('kms:RecipientAttestation', 'kms:NobodysAttestation'),
        ),
      CREDENTIALS,
      'kms_denied',
    ],
    [
      'because the KMS key is disabled',
      () => world.kms.setKeyState(ALIAS, 'Disabled'),
      CREDENTIALS,
      'kms_key_unusable',
    ],
    ['because the offer has no credentials', () => undefined, null, 'kms_credentials'],
    [
      'because the credentials do not exist',
      () => undefined,
      { ...CREDENTIALS, access_key_id: 'ASIANOBODY' },
      'kms_credentials',
    ],
    [
      'because the secret access key is wrong',
      () => undefined,
      { ...CREDENTIALS, secret_access_key: 'wrong' },
      'kms_credentials',
    ],
    [
      'because the session token is missing',
      () => undefined,
      { ...CREDENTIALS, session_token: null },
      'kms_credentials',
    ],
    [
      'because the offer states that its credentials have expired',
      () => undefined,
      { ...CREDENTIALS, expires: 1_000_000 },
      'kms_credentials',
    ],
    [
      'because KMS knows that the credentials have expired',
      () => world.kms.setCredentials({ ...PARENT, expiresAtMs: 1 }),
      CREDENTIALS,
      'kms_credentials',
    ],
  ];
  it.each(cases)(
    '%s reports why, proposes no key, and opens the key record once KMS works',
    async (_name, arrange, credentials, code) => {
      const enclave = await world.start(code === 'kms_timeout' ? { configure: impatient } : {});
      arrange();
      world.kms.clearRequests();
      const empty = await enclave.offer({ credentials });
      expect(empty).toMatchObject({ state: 'waiting', proposal: null, kms: code });
      const offered = await enclave.offer({ records: [record], credentials });
      expect(offered).toMatchObject({ state: 'waiting', held: [], proposal: null, kms: code, refused: [{ code }] });
      expect(enclave.log.filter((line) => line.includes('"event":"kms_failed"'))).toEqual([
        expect.stringContaining(`"event":"kms_failed","code":"${code}"`),
      ]); // logged once for two offers
      expect(enclave.log.filter((line) => line.includes('key_refused'))).toHaveLength(1);

      world.kms.faults.clear();
      world.kms.setPolicy(ALIAS, world.policies.enclave);
      world.kms.setKeyState(ALIAS, 'Enabled');
      world.kms.setCredentials(PARENT);
      let after = await enclave.offer({ records: [record] });
      // The time limit is short, so a busy machine may need more than one offer.
      while (code === 'kms_timeout' && after.kms === code) after = await enclave.offer({ records: [record] });
      expect(after).toMatchObject({ state: 'ready', kms: null, refused: [], proposal: null });
      await enclave.close();
    },
  );
});

it('asks a failing KMS once for an offer of many key records', async () => {
  const enclave = await world.start();
  const store = new RecordStore();
  await store.settle([enclave]);
  const fresh = await world.start();
  world.kms.faults.add({ kind: 'error', type: 'AccessDeniedException' }, { times: 'always' });
  world.kms.clearRequests();
  const { refused, kms } = await fresh.offer({ records: [record, store.records[0]!] });
  expect(refused.map(({ code }) => code)).toEqual(['kms_denied', 'kms_denied']);
  expect(kms).toBe('kms_denied');
  expect(world.kms.requests()).toHaveLength(1);
});

it('answers offers that wait behind a stalled one with kms_timeout or enclave_busy', async () => {
  const enclave = await world.start({ configure: impatient });
  world.kms.faults.add({ kind: 'slow', delayMs: 600_000 }, { times: 'always' });
  const answers = await Promise.allSettled([1, 2, 3].map(() => enclave.offer({ records: [record] })));
  const codes = answers.map((answer) =>
    answer.status === 'fulfilled' ? answer.value.kms : (answer.reason as { code: string }).code,
  );
  expect(codes).toHaveLength(3);
  for (const code of codes) expect(['kms_timeout', 'enclave_busy']).toContain(code);
});

it('keeps using the keys that it holds while KMS fails', async () => {
  const enclave = await world.start();
  await enclave.offer({ records: [record] });
  world.kms.faults.add({ kind: 'internal' }, { times: 'always' });
  expect(await enclave.offer({ records: [record] })).toMatchObject({ state: 'ready', kms: null });
  const sender = new Sender(world.trustAnchor, () => world.time.nowMs());
  expect((await sender.relayed(enclave.url, await sender.prepare(enclave.url))).answer.state).toBe('final');
});

it('refuses a server that answers for KMS without TLS, or with a certificate of another authority', async () => {
  const sockets: Socket[] = [];
  const said: Buffer[] = [];
  const listener = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined).on('data', (bytes: Buffer) => said.push(bytes)));
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
  });
  await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
  const { port } = listener.address() as AddressInfo;
  const inTheClear = await world.start({
    configure: (configuration) => ({
      ...configuration,
      kms: { ...(configuration['kms'] as object), origin: `https://localhost:${String(port)}` },
    }),
  });
  expect(await inTheClear.offer({ records: [record] })).toMatchObject({ held: [], kms: 'kms_unreachable' });
  expect(Buffer.concat(said).includes(PARENT.accessKeyId)).toBe(false);
  // Without named authorities the enclave trusts Amazon's roots, which did not sign the simulator's certificate
  const strict = await world.start({
    configure: (configuration) => ({ ...configuration, kms: { origin: world.kms.origin } }),
  });
  world.kms.clearRequests();
  expect(await strict.offer({ records: [record] })).toMatchObject({ held: [], kms: 'kms_unreachable' });
  expect(world.kms.requests()).toEqual([]);
  for (const socket of sockets) socket.destroy();
  await new Promise((closed) => listener.close(closed));
});

it('refuses a certificate of KMS that expired by the attested clock, sends KMS no request, and reports it in health', async () => {
  const { offsetMs } = world.time;
  world.time.offsetMs += 100 * DAY_MS; // by the machine's own clock the certificate is valid
  try {
    const enclave = await world.start({ publishEveryMs: 20 });
    world.kms.clearRequests();
    expect(await enclave.offer({ records: [record] })).toMatchObject({ held: [], kms: 'kms_unreachable' });
    expect(world.kms.requests()).toEqual([]);
    const health = async () => enclaveHealthSchema.parse(await (await fetch(`${enclave.url}/health`)).json());
    let now = await health();
    for (let round = 0; round < 500 && now.connections.certificatesRefused.length === 0; round++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      now = await health();
    }
    expect(now).toMatchObject({
      reasons: ['clock_drift', 'every_certificate_refused'],
      connections: { certificatesRefused: ['kms'] },
    });
  } finally {
    world.time.offsetMs = offsetMs;
  }
});

it('reports nsm_failed when the NSM gives no document, and sends KMS no request', async () => {
  let failing = false;
  const enclave = await world.start({
    nsm: (transport) => ({
      ...transport,
      request: (bytes) => (failing ? Promise.resolve(Buffer.from('not cbor')) : transport.request(bytes)),
    }),
  });
  failing = true;
  expect(await enclave.offer({ records: [record] })).toMatchObject({
    state: 'waiting',
    kms: 'nsm_failed',
    refused: [{ code: 'nsm_failed' }],
  });
  failing = false;
  expect(await enclave.offer({ records: [record] })).toMatchObject({ state: 'ready' });
});

it('uses the credentials of an offer for that offer only', async () => {
  const enclave = await world.start();
  await enclave.offer();
  expect(await enclave.offer({ records: [record], credentials: null })).toMatchObject({
    held: [],
    kms: 'kms_credentials',
  });
});
