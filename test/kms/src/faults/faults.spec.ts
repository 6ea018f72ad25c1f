import { DecryptCommand, DescribeKeyCommand, GenerateDataKeyCommand, GenerateRandomCommand } from '@aws-sdk/client-kms';
import { openWithOpenssl, shapeOf } from '../testing/open-envelope';
import { send, signed } from '../testing/raw-call';
import {
  ACCOUNT,
  callers,
  ENCLAVE_ALIAS,
  enclaveContext,
  OPEN_ALIAS,
  recipientKeys,
  startWorld,
  type World,
} from '../testing/world';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.kms.faults.clear();
  world.kms.clearRequests();
});

const random = () => world.client().send(new GenerateRandomCommand({ NumberOfBytes: 8 }));
const dataKey = async () =>
  world.client().send(
    new GenerateDataKeyCommand({
      KeyId: ENCLAVE_ALIAS,
      KeySpec: 'AES_256',
      EncryptionContext: enclaveContext,
      Recipient: await world.recipient(),
    }),
  );
const raw = async () =>
  send(world.kms, await signed(world.kms, 'GenerateRandom', { NumberOfBytes: 8 }, callers.parent));
const decisions = () => world.kms.requests().map(({ decision }) => decision);

it('the simulator throttles, and fails with errors that the SDK understands', async () => {
  world.kms.faults.add({ kind: 'throttling' });
  await expect(random()).rejects.toMatchObject({ name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } });
  world.kms.faults.add({ kind: 'internal' });
  await expect(random()).rejects.toMatchObject({ name: 'KMSInternalException', $metadata: { httpStatusCode: 500 } });
  world.kms.faults.add({ kind: 'error', type: 'KeyUnavailableException', message: 'later', status: 500 });
  await expect(random()).rejects.toMatchObject({ name: 'KeyUnavailableException', message: 'later' });
  await expect(random()).resolves.toBeDefined();
  expect(world.kms.requests().map(({ fault }) => fault)).toEqual(['throttling', 'internal', 'error', undefined]);
});

it('a throttled request and a cut connection do not stop the SDK, which retries', async () => {
  world.kms.faults.add({ kind: 'throttling' });
  world.kms.faults.add({ kind: 'cut', at: 'after_doing' });
  await expect(
    world.client(callers.parent, { maxAttempts: 3 }).send(new GenerateRandomCommand({ NumberOfBytes: 8 })),
  ).resolves.toBeDefined();
  expect(decisions()).toEqual(['ThrottlingException', 'done', 'done']);
});

it('a fault applies from the n-th request of an action on, as often as configured', async () => {
  world.kms.faults.add({ kind: 'internal' }, { action: 'GenerateRandom', after: 2, times: 2 });
  const describeKey = () => world.client().send(new DescribeKeyCommand({ KeyId: OPEN_ALIAS }));
  const outcomes: boolean[] = [];
  for (let turn = 0; turn < 6; turn++) {
    await describeKey();
    outcomes.push(
      await random().then(
        () => true,
        () => false,
      ),
    );
  }
  expect(outcomes).toEqual([true, true, false, false, true, true]);
  world.kms.faults.add({ kind: 'internal' }, { times: 'always' });
  for (let turn = 0; turn < 3; turn++) await expect(random()).rejects.toThrow();
  world.kms.faults.clear();
  await expect(random()).resolves.toBeDefined();
  expect(world.kms.faults.counts()['internal']).toBeGreaterThanOrEqual(5);
  expect(() => world.kms.faults.add({ kind: 'internal' }, { times: 0 })).toThrow(TypeError);
  expect(() => world.kms.faults.add({ kind: 'internal' }, { after: -1 })).toThrow(TypeError);
});

it.each([
  ['before_reading', 'cut'],
  ['after_reading', 'cut'],
  ['after_doing', 'done'],
  ['in_the_answer', 'done'],
] as const)('the simulator cuts the connection %s', async (at, decision) => {
  world.kms.faults.add({ kind: 'cut', at });
  await expect(raw()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(decisions()).toEqual([decision]);
});

it('the simulator answers slowly, before or after it handles the request', async () => {
  for (const done of [false, true]) {
    world.kms.faults.add({ kind: 'slow', delayMs: 60_000, done });
    const client = world.client(callers.parent, {
      requestHandler: {
        requestTimeout: 200,
        throwOnRequestTimeout: true,
        httpsAgent: new (await import('node:https')).Agent({ ca: world.kms.certificateAuthority }),
      },
    });
    await expect(client.send(new GenerateRandomCommand({ NumberOfBytes: 8 }))).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  }
  world.kms.faults.add({ kind: 'slow', delayMs: 1 });
  await expect(random()).resolves.toBeDefined();
});

it('the simulator answers with garbage', async () => {
  world.kms.faults.add({ kind: 'garbage' });
  await expect(random()).rejects.toThrow(SyntaxError);
  world.kms.faults.add({ kind: 'garbage', body: '<html>', status: 502 });
  expect(await raw()).toMatchObject({ status: 502, body: '<html>' });
});

it('the simulator has a wrong clock', async () => {
  world.kms.faults.add({ kind: 'clock', offsetMs: 10 * 60_000 });
  await expect(random()).rejects.toMatchObject({
    name: 'InvalidSignatureException',
    message: expect.stringContaining('Signature expired') as unknown,
  });
  world.kms.faults.add({ kind: 'clock', offsetMs: -10 * 60_000 });
  await expect(random()).rejects.toMatchObject({
    name: 'InvalidSignatureException',
    message: expect.stringContaining('not yet current') as unknown,
  });
});

it('the simulator names another key in its answer', async () => {
  world.kms.faults.add({ kind: 'wrong_key_id' });
  expect((await dataKey()).KeyId).toBe(world.kms.keyArn(ENCLAVE_ALIAS).replace(ACCOUNT, '999999999999'));
  world.kms.faults.add({ kind: 'wrong_key_id', keyId: 'nothing' });
  expect((await dataKey()).KeyId).toBe('nothing');
});

it('the simulator answers as an attacker’s KMS could', async () => {
  world.kms.faults.add({ kind: 'plaintext' });
  const both = await dataKey();
  expect(both.Plaintext).toHaveLength(32);
  // The plaintext differs from the encrypted one, which a real attacker could not read
  expect(await openWithOpenssl(both.CiphertextForRecipient ?? new Uint8Array(), recipientKeys.privateKey)).not.toEqual(
    both.Plaintext,
  );
  world.kms.faults.add({ kind: 'plaintext', instead: true });
  expect(await dataKey()).not.toHaveProperty('CiphertextForRecipient');
  world.kms.faults.add({ kind: 'answer', change: ({ KeyId }) => ({ KeyId }) });
  const bare = await dataKey();
  expect([bare.KeyId, bare.CiphertextBlob]).toEqual([world.kms.keyArn(ENCLAVE_ALIAS), undefined]);
});

it('the simulator writes the envelope in each form', async () => {
  const made = await dataKey();
  const opened: Uint8Array[] = [];
  for (const form of ['kms', 'scattered', 'definite'] as const) {
    world.kms.faults.add({ kind: 'envelope', form });
    const { CiphertextForRecipient = new Uint8Array() } = await world.client().send(
      new DecryptCommand({
        KeyId: ENCLAVE_ALIAS,
        CiphertextBlob: made.CiphertextBlob,
        EncryptionContext: enclaveContext,
        Recipient: await world.recipient(),
      }),
    );
    expect((await shapeOf(CiphertextForRecipient)).some((line) => /l= ?inf/.test(line))).toBe(form !== 'definite');
    opened.push(await openWithOpenssl(CiphertextForRecipient, recipientKeys.privateKey));
  }
  expect(new Set(opened.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(1);
});
