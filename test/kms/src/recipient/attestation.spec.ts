import { generateKeyPairSync } from 'node:crypto';
import { DecryptCommand, GenerateDataKeyCommand, GenerateRandomCommand, type RecipientInfo } from '@aws-sdk/client-kms';
import { createNsm } from '@communique-tee/nsm';
import { createMockNsmTransport } from '@communique-tee/testing/nsm-mock';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { ENCLAVE_ALIAS, enclaveContext, OPEN_ALIAS, spkiOf, startWorld, type World } from '../testing/world';

const MINUTE_MS = 60_000;
let world: World;
let documentNow = Date.now();
beforeAll(async () => {
  // The NSM has a separate clock; KMS and the SDK use the machine's
  world = await startWorld({ documentNow: () => documentNow });
});
afterAll(() => world.close());
beforeEach(() => {
  documentNow = Date.now();
});

const ask = (recipient: RecipientInfo, KeyId = OPEN_ALIAS) =>
  world.client().send(
    new GenerateDataKeyCommand({
      KeyId,
      KeySpec: 'AES_256',
      EncryptionContext: enclaveContext,
      Recipient: recipient,
    }),
  );
const refused = (message: string | RegExp) => ({
  name: 'ValidationException',
  message: expect.stringMatching(message) as string,
});

it('accepts documents of every image, because the key policy decides about images', async () => {
  for (const nsm of [world.nsm, world.otherImageNsm, world.debugNsm])
    expect((await ask(await world.recipient(nsm))).CiphertextForRecipient).toBeDefined();
  await expect(ask(await world.recipient(world.otherImageNsm), ENCLAVE_ALIAS)).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
});

it('passes a debug enclave’s zeros to the key policy, which refuses them', async () => {
  await expect(ask(await world.recipient(world.debugNsm), ENCLAVE_ALIAS)).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
  expect(world.kms.requests().at(-1)).toMatchObject({
    decision: 'AccessDeniedException',
    attestedPcr0: '0'.repeat(96),
  });
});

describe.each(['an image', 'a debug enclave'])('a document of %s', (of) => {
  const device = () => (of === 'an image' ? world.nsm : world.debugNsm);

  it('is accepted until it is five minutes old', async () => {
    documentNow = Date.now() - 4.5 * MINUTE_MS;
    expect((await ask(await world.recipient(device()))).CiphertextForRecipient).toBeDefined();
    documentNow = Date.now() - 5 * MINUTE_MS - 1000;
    await expect(ask(await world.recipient(device()))).rejects.toMatchObject(refused('ERR_ATTESTATION_TOO_OLD'));
  });

  it('is refused if it is more than five minutes in the future', async () => {
    await world.recipient(device()); // makes the certificate chain now
    documentNow = Date.now() + 4 * MINUTE_MS;
    expect((await ask(await world.recipient(device()))).CiphertextForRecipient).toBeDefined();
    documentNow = Date.now() + 5 * MINUTE_MS + 10_000;
    await expect(ask(await world.recipient(device()))).rejects.toMatchObject(refused('ERR_ATTESTATION_FROM_FUTURE'));
  });

  it('is refused with one changed bit in any of its parts', async () => {
    const { AttestationDocument, KeyEncryptionAlgorithm } = await world.recipient(device());
    const whole = AttestationDocument ?? new Uint8Array();
    for (const at of [
      0,
      8,
      40,
      Math.floor(whole.length / 3),
      Math.floor(whole.length / 2),
      whole.length - 97,
      whole.length - 1,
    ]) {
      const changed = whole.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(ask({ AttestationDocument: changed, KeyEncryptionAlgorithm })).rejects.toMatchObject(
        refused('ERR_ATTESTATION_'),
      );
    }
  });

  it('is refused if it chains to another root', async () => {
    await using folder = await temporaryFolder('kms-other-root-');
    const zero = new Map([0, 1, 2].map((index) => [index, new Uint8Array(48)]));
    const other = createNsm(
      await createMockNsmTransport({ rootFolder: folder.path, ...(of !== 'an image' && { pcrs: zero }) }),
    );
    await expect(ask(await world.recipient(other))).rejects.toMatchObject(refused('ERR_ATTESTATION_ROOT'));
    await other.close();
  });
});

it.each([
  ['RSA of 1024 bits', () => spkiOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
  ['RSA of 4096 bits', () => spkiOf(generateKeyPairSync('rsa', { modulusLength: 4096 }).publicKey)],
  ['an elliptic curve', () => spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)],
  ['X25519', () => spkiOf(generateKeyPairSync('x25519').publicKey)],
  ['RSA-PSS', () => spkiOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey)],
  [
    'PKCS #1',
    () =>
      new Uint8Array(
        generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'pkcs1' }),
      ),
  ],
  [
    'SPKI with an extra byte at the end',
    () => Uint8Array.of(...spkiOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey), 0),
  ],
  ['other bytes', () => Uint8Array.of(1, 2, 3)],
])('refuses a document whose key is %s', async (_what, key) => {
  await expect(ask(await world.recipient(world.nsm, key()))).rejects.toMatchObject(
    refused('not an RSA key of 2048 bits'),
  );
});

it('refuses a document without a key, and bytes that are not a document', async () => {
  const algorithm = { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' as const };
  await expect(ask({ ...algorithm, AttestationDocument: await world.nsm.attest({}) })).rejects.toMatchObject(
    refused('no public key'),
  );
  await expect(ask({ ...algorithm, AttestationDocument: new Uint8Array(1000) })).rejects.toMatchObject(
    refused('ERR_ATTESTATION_'),
  );
  await expect(ask({ ...algorithm, AttestationDocument: new Uint8Array(100_000) })).rejects.toMatchObject(
    refused('ERR_ATTESTATION_TOO_LARGE'),
  );
  await expect(ask({ ...algorithm, AttestationDocument: new Uint8Array(262_145) })).rejects.toMatchObject(
    refused('less than or equal to 262144'),
  );
  await expect(ask(algorithm)).rejects.toMatchObject(refused("'attestationDocument'"));
});

it('refuses another algorithm, and a missing one', async () => {
  const { AttestationDocument } = await world.recipient();
  await expect(
    ask({ AttestationDocument, KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_1' as 'RSAES_OAEP_SHA_256' }),
  ).rejects.toMatchObject(refused('RSAES_OAEP_SHA_256'));
  await expect(ask({ AttestationDocument })).rejects.toMatchObject(refused('must not be null'));
});

it('refuses an invalid document in every action that accepts one, before it looks for the key', async () => {
  const bad = { AttestationDocument: new Uint8Array(10), KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' as const };
  const client = world.client();
  await expect(client.send(new GenerateRandomCommand({ NumberOfBytes: 8, Recipient: bad }))).rejects.toMatchObject(
    refused('ERR_ATTESTATION_'),
  );
  await expect(
    client.send(new DecryptCommand({ KeyId: 'alias/none', CiphertextBlob: new Uint8Array(100), Recipient: bad })),
  ).rejects.toMatchObject(refused('ERR_ATTESTATION_'));
  await expect(ask(bad, 'alias/none')).rejects.toMatchObject(refused('ERR_ATTESTATION_'));
});
