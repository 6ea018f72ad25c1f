import { EncryptCommand } from '@aws-sdk/client-kms';
import { RecordStore } from '../../testing/record-store';
import {
  OPERATOR,
  OPERATOR_ALIAS,
  PARENT,
  startSealedWorld,
  type EnclaveOptions,
  type SealedWorld,
} from '../../testing/sealed-world';
import { containsSecret } from '../../testing/contains-secret';
import { Sender } from '../../testing/sender';

let world: SealedWorld;
let sender: Sender;
beforeAll(async () => {
  world = await startSealedWorld();
  sender = new Sender(world.trustAnchor, () => world.time.nowMs());
});
afterAll(() => world.stop());
afterEach(() => world.kms.faults.clear());

const NAMES = { house: 'cwc-house', senate: 'cwc-senate' } as const;
/** Options for an enclave that has the API keys of these chambers as secrets. */
const secretly = (...chambers: ('house' | 'senate')[]): EnclaveOptions => ({
  configure: (configuration) => {
    const services = configuration['services'] as { congress: Record<string, Record<string, unknown>> };
    const congress = { ...services.congress };
    for (const chamber of chambers) {
      const { apiKeyReadableInImage: _left, ...rest } = congress[chamber]!;
      congress[chamber] = { ...rest, apiKeySecret: NAMES[chamber] };
    }
    return { ...configuration, services: { congress }, secrets: { keyAlias: OPERATOR_ALIAS } };
  },
});
const encrypted = async (name: string, plaintext: string | Uint8Array, stack = 'test') => {
  const EncryptionContext = {
    'communique-tee:purpose': 'operator-secret',
    'communique-tee:stack': stack,
    'communique-tee:secret': name,
  };
  const { CiphertextBlob } = await world
    .client(OPERATOR)
    .send(new EncryptCommand({ KeyId: OPERATOR_ALIAS, Plaintext: Buffer.from(plaintext), EncryptionContext }));
  return CiphertextBlob ?? new Uint8Array();
};
const validSecrets = async () => ({
  // With a line break at the end, as editors write it; the line break is not part of the API key
  'cwc-house': await encrypted('cwc-house', `${world.congress.house.apiKey}\n`),
  'cwc-senate': await encrypted('cwc-senate', world.congress.senate.apiKey),
});

it('the enclave refuses messages until it has every secret, and then delivers them', async () => {
  const enclave = await world.start(secretly('house', 'senate'));
  const store = new RecordStore();
  const secrets = await validSecrets();
  await store.settle([enclave]);
  const status = await store.exchange(enclave, { secrets: { 'cwc-house': secrets['cwc-house'] } });
  expect(status).toMatchObject({
    state: 'waiting',
    wants: { credentials: true, secrets: ['cwc-house', 'cwc-senate'] },
    refused_secrets: [],
  });
  const prepared = await sender.prepare(enclave.url); // the sealing key exists already
  expect(await sender.refusal(enclave.url, prepared)).toBe('503 keys_not_ready');
  expect(world.congress.received()).toHaveLength(0);

  expect(await store.exchange(enclave, { secrets })).toMatchObject({ state: 'ready', refused_secrets: [], kms: null });
  const { receipt } = await sender.relayed(enclave.url, prepared);
  expect(receipt.claims.offices.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted']);
  for (const name of Object.values(NAMES))
    expect(enclave.log.join('')).toContain(`"event":"secret_opened","step":"${name}"`);
});

it('the enclave asks for its secrets with custody process too', async () => {
  const { configure } = secretly('house');
  const enclave = await world.start({
    configure: (configuration) => ({ ...configure!(configuration), custody: { mode: 'process' } }),
  });
  const prepared = await sender.prepare(enclave.url);
  expect(await sender.refusal(enclave.url, prepared)).toBe('503 keys_not_ready');
  expect(await enclave.offer({ secrets: await validSecrets() })).toMatchObject({
    custody: 'process',
    state: 'ready',
    proposal: null,
    wants: { credentials: true, secrets: ['cwc-house'] },
  });
  expect((await sender.relayed(enclave.url, prepared)).answer.state).toBe('final');
});

it('the enclave replaces a rotated secret at once, and asks KMS once for each ciphertext', async () => {
  const enclave = await world.start(secretly('house', 'senate'));
  const store = new RecordStore();
  const secrets = await validSecrets();
  await store.settle([enclave]);
  await store.exchange(enclave, {
    secrets: { ...secrets, 'cwc-house': await encrypted('cwc-house', 'an-old-key-of-the-house') },
  });
  const refused = await sender.relayed(enclave.url, await sender.prepare(enclave.url, { offices: ['HCA12'] }));
  expect(refused.opened.offices).toMatchObject([{ outcome: 'pending', reason: 'credentials_refused' }]);
  world.kms.clearRequests();
  for (let i = 0; i < 3; i++) expect(await store.exchange(enclave, { secrets })).toMatchObject({ state: 'ready' });
  expect(world.kms.requests().map(({ action }) => action)).toEqual(['Decrypt']);
  expect(
    (await sender.relayed(enclave.url, await sender.prepare(enclave.url, { offices: ['HCA12'] }))).opened.offices,
  ).toMatchObject([{ outcome: 'accepted' }]);
});

describe('a secret that must not be used', () => {
  const offered = async (secrets: Record<string, Uint8Array>) => {
    const enclave = await world.start(secretly('house', 'senate'));
    const { state, refused_secrets, kms } = await enclave.offer({ secrets });
    return { state, refused: refused_secrets.map(({ name, code }) => `${name} ${code}`), kms };
  };

  it('is refused if the parent swaps two secrets', async () => {
    const secrets = await validSecrets();
    expect(await offered({ 'cwc-house': secrets['cwc-senate'], 'cwc-senate': secrets['cwc-house'] })).toEqual({
      state: 'waiting',
      refused: ['cwc-house kms_ciphertext_invalid', 'cwc-senate kms_ciphertext_invalid'],
      kms: null,
    });
  });

  it('is refused if it belongs to another stack, is damaged, or is not a ciphertext', async () => {
    const { 'cwc-senate': whole } = await validSecrets();
    const broken = Uint8Array.from(whole);
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    const operators = world.policies.operator.replaceAll('"test"', '"other"');
    world.kms.setPolicy(OPERATOR_ALIAS, operators);
    const elsewhere = await encrypted('cwc-house', world.congress.house.apiKey, 'other');
    world.kms.setPolicy(OPERATOR_ALIAS, world.policies.operator);
    expect((await offered({ 'cwc-house': elsewhere, 'cwc-senate': broken })).refused).toEqual([
      'cwc-house kms_ciphertext_invalid',
      'cwc-senate kms_ciphertext_invalid',
    ]);
    expect((await offered({ 'cwc-house': new Uint8Array(1), constructor: whole })).refused).toEqual([
      'cwc-house kms_ciphertext_invalid',
    ]);
  });

  it('cannot be encrypted by the parent, because KMS refuses', async () => {
    const EncryptionContext = {
      'communique-tee:purpose': 'operator-secret',
      'communique-tee:stack': 'test',
      'communique-tee:secret': 'cwc-house',
    };
    const asked = world
      .client(PARENT)
      .send(
        new EncryptCommand({ KeyId: OPERATOR_ALIAS, Plaintext: Buffer.from('a-key-of-the-parent'), EncryptionContext }),
      );
    await expect(asked).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it.each([
    ['too short', 'short'],
    ['a line feed', 'a-key-with\r\nhost: elsewhere'],
    ['two line feeds at the end', 'a-key-with-two\n\n'],
    ['a leading blank', ' a-key-with-a-blank'],
    ['not text', new Uint8Array(20).fill(0xff)],
  ])('is refused as secret_invalid if the operator encrypted a malformed value: %s', async (_name, plaintext) => {
    expect((await offered({ 'cwc-house': await encrypted('cwc-house', plaintext) })).refused).toEqual([
      'cwc-house secret_invalid',
    ]);
  });
});

it('the enclave opens secrets while KMS refuses to make keys, and makes keys while KMS refuses secrets', async () => {
  const enclave = await world.start(secretly('house'));
  world.kms.faults.add({ kind: 'error', type: 'AccessDeniedException' }, { action: 'GenerateDataKey' });
  expect(await enclave.offer({ secrets: await validSecrets() })).toMatchObject({
    proposal: null,
    kms: 'kms_denied',
    refused_secrets: [],
  });
  world.kms.faults.add({ kind: 'error', type: 'DisabledException' }, { action: 'Decrypt' });
  const other = await world.start(secretly('house'));
  const status = await other.offer({ secrets: await validSecrets() });
  expect(status).toMatchObject({
    kms: 'kms_key_unusable',
    refused_secrets: [{ name: 'cwc-house', code: 'kms_key_unusable' }],
  });
  expect(status.proposal).not.toBeNull();
});

it('the enclave writes no secret into any answer or log', () => {
  const text = Buffer.concat(world.said);
  expect(text.includes('secret_opened')).toBe(true);
  for (const secret of [
    world.congress.house.apiKey,
    world.congress.senate.apiKey,
    'an-old-key-of-the-house',
    PARENT.secretAccessKey,
    PARENT.sessionToken!,
  ]) {
    expect(containsSecret(text, Buffer.from(secret))).toBe(false);
  }
});
