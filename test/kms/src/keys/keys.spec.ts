import { DecryptCommand, EncryptCommand, GenerateDataKeyCommand, ReEncryptCommand } from '@aws-sdk/client-kms';
import {
  ACCOUNT,
  ENCLAVE_ALIAS,
  enclaveContext,
  OPEN_ALIAS,
  openPolicy,
  REGION,
  startWorld,
  type World,
} from '../testing/world';

let world: World;
let blob: Uint8Array;
const context = { a: '1', b: '2' };
beforeAll(async () => {
  world = await startWorld();
  const made = await world
    .client()
    .send(new EncryptCommand({ KeyId: OPEN_ALIAS, Plaintext: Uint8Array.of(1, 2, 3), EncryptionContext: context }));
  blob = made.CiphertextBlob ?? new Uint8Array();
});
afterAll(() => world.close());

const decrypt = (CiphertextBlob: Uint8Array, EncryptionContext: Record<string, string> = context, KeyId?: string) =>
  world.client().send(new DecryptCommand({ CiphertextBlob, EncryptionContext, ...(KeyId !== undefined && { KeyId }) }));

describe('a ciphertext', () => {
  it('is decrypted with its context in any order', async () => {
    expect((await decrypt(blob, { b: '2', a: '1' })).Plaintext).toEqual(Uint8Array.of(1, 2, 3));
  });

  it.each([{}, { a: '1' }, { a: '1', b: '3' }, { a: '1', b: '2', c: '3' }, { A: '1', b: '2' }, { a: '1,b', '': '2' }])(
    'is not decrypted with the context %j',
    async (other) => {
      await expect(decrypt(blob, other)).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    },
  );

  it('is not decrypted if a bit was changed, or if it is too short or too long', async () => {
    // Starts after the header and the key's id, changes of which lead to other answers
    for (let at = 21; at < blob.length; at++) {
      const changed = blob.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x80;
      await expect(decrypt(changed)).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    }
    await expect(decrypt(blob.slice(0, -1))).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    await expect(decrypt(Uint8Array.of(...blob, 0))).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    await expect(decrypt(blob.slice(0, 20))).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
  });

  it('is refused if it was not made by this KMS, or under an unknown key', async () => {
    await expect(decrypt(new Uint8Array(100))).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    const elsewhere = blob.slice();
    elsewhere[10] = (elsewhere[10] ?? 0) ^ 1;
    await expect(decrypt(elsewhere)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('is refused if it was made under another key than the one named', async () => {
    const { keyId } = world.kms.createKey({ policy: openPolicy });
    await expect(decrypt(blob, context, keyId)).rejects.toMatchObject({ name: 'IncorrectKeyException' });
    await expect(
      world.client().send(
        new ReEncryptCommand({
          CiphertextBlob: blob,
          SourceEncryptionContext: context,
          SourceKeyId: keyId,
          DestinationKeyId: keyId,
        }),
      ),
    ).rejects.toMatchObject({ name: 'IncorrectKeyException' });
  });

  it('contains no part of its plaintext or context', () => {
    expect(Buffer.from(blob).includes(Buffer.of(1, 2, 3))).toBe(false);
    expect(blob).toHaveLength(5 + 16 + 12 + 3 + 16);
  });
});

describe('a key', () => {
  it.each([
    ['alias/none', 'NotFoundException'],
    ['alias', 'NotFoundException'],
    ['00000000-0000-0000-0000-000000000000', 'NotFoundException'],
    [`arn:aws:kms:${REGION}:${ACCOUNT}:key/00000000-0000-0000-0000-000000000000`, 'NotFoundException'],
    [`arn:aws:kms:eu-west-1:${ACCOUNT}:${OPEN_ALIAS}`, 'NotFoundException'],
    [`arn:aws:kms:${REGION}:999999999999:${OPEN_ALIAS}`, 'AccessDeniedException'],
    [`arn:aws:s3:${REGION}:${ACCOUNT}:${OPEN_ALIAS}`, 'NotFoundException'],
    [`arn:aws:kms:${REGION}:${ACCOUNT}:grant/1`, 'NotFoundException'],
    ['arn:', 'NotFoundException'],
  ])('named as %s is refused with %s', async (KeyId, name) => {
    await expect(world.client().send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))).rejects.toMatchObject({
      name,
    });
  });

  it('is not found by an alias that was pointed at another key', async () => {
    const [first, second] = [
      world.kms.createKey({ policy: openPolicy, alias: 'alias/moving' }),
      world.kms.createKey({ policy: openPolicy }),
    ];
    const made = await world.client().send(new GenerateDataKeyCommand({ KeyId: 'alias/moving', KeySpec: 'AES_256' }));
    expect(made.KeyId).toBe(first.arn);
    world.kms.pointAlias('alias/moving', second.keyId);
    const open = (KeyId?: string) =>
      world
        .client()
        .send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, ...(KeyId !== undefined && { KeyId }) }));
    await expect(open('alias/moving')).rejects.toMatchObject({ name: 'IncorrectKeyException' });
    await expect(open()).resolves.toMatchObject({ KeyId: first.arn });
    expect(world.kms.keyArn('alias/moving')).toBe(second.arn);
  });

  it('that is disabled or pending deletion is refused with its state, but only to callers with access', async () => {
    const { keyId } = world.kms.createKey({ policy: openPolicy });
    const use = () => world.client().send(new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: 'AES_256' }));
    world.kms.setKeyState(keyId, 'Disabled');
    await expect(use()).rejects.toMatchObject({ name: 'DisabledException' });
    world.kms.setKeyState(keyId, 'PendingDeletion');
    await expect(use()).rejects.toMatchObject({ name: 'KMSInvalidStateException' });
    world.kms.setKeyState(keyId, 'Enabled');
    await expect(use()).resolves.toBeDefined();
    world.kms.setKeyState(ENCLAVE_ALIAS, 'Disabled');
    await expect(
      world
        .client()
        .send(
          new GenerateDataKeyCommand({ KeyId: ENCLAVE_ALIAS, KeySpec: 'AES_256', EncryptionContext: enclaveContext }),
        ),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
    world.kms.setKeyState(ENCLAVE_ALIAS, 'Enabled');
  });

  it('has an alias in AWS’s form, which no other key has', () => {
    expect(() => world.kms.createKey({ policy: openPolicy, alias: 'nothing' })).toThrow(TypeError);
    expect(() => world.kms.createKey({ policy: openPolicy, alias: OPEN_ALIAS })).toThrow(TypeError);
    expect(() => world.kms.pointAlias('alias/white space', OPEN_ALIAS)).toThrow(TypeError);
  });
});
