import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  ReEncryptCommand,
} from '@aws-sdk/client-kms';
import {
  ACCOUNT,
  callers,
  ENCLAVE_ALIAS,
  enclaveContext as context,
  OPEN_ALIAS,
  openPolicy,
  OPERATOR_ALIAS,
  recipientKeys,
  REGION,
  secretContext,
  startWorld,
  type World,
} from './testing/world';
import { openWithOpenssl } from './testing/open-envelope';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const open = (envelope: Uint8Array | undefined) =>
  openWithOpenssl(envelope ?? new Uint8Array(), recipientKeys.privateKey);

describe('the SDK’s client', () => {
  it('makes a data key and decrypts it again', async () => {
    const client = world.client();
    const made = await client.send(
      new GenerateDataKeyCommand({ KeyId: OPEN_ALIAS, KeySpec: 'AES_256', EncryptionContext: context }),
    );
    expect(made.Plaintext).toHaveLength(32);
    expect(made.KeyId).toBe(world.kms.keyArn(OPEN_ALIAS));
    expect(made.KeyId).toMatch(new RegExp(`^arn:aws:kms:${REGION}:${ACCOUNT}:key/[0-9a-f-]{36}$`));
    const opened = await client.send(
      new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: context }),
    );
    expect(opened.Plaintext).toEqual(made.Plaintext);
    expect(opened.EncryptionAlgorithm).toBe('SYMMETRIC_DEFAULT');
  });

  it('gets a data key only encrypted for the recipient if the request names a recipient', async () => {
    const client = world.client();
    const made = await client.send(
      new GenerateDataKeyCommand({
        KeyId: ENCLAVE_ALIAS,
        KeySpec: 'AES_256',
        EncryptionContext: context,
        Recipient: await world.recipient(),
      }),
    );
    expect(made.Plaintext).toBeUndefined();
    const dataKey = await open(made.CiphertextForRecipient);
    expect(dataKey).toHaveLength(32);
    const again = await client.send(
      new DecryptCommand({
        KeyId: ENCLAVE_ALIAS,
        CiphertextBlob: made.CiphertextBlob,
        EncryptionContext: context,
        Recipient: await world.recipient(),
      }),
    );
    expect(again.Plaintext).toBeUndefined();
    expect(await open(again.CiphertextForRecipient)).toEqual(dataKey);
  });

  it('encrypts, as an operator does, a value that only an enclave can decrypt', async () => {
    const secret = new TextEncoder().encode('a key of Congress');
    const made = await world
      .client(callers.operator)
      .send(new EncryptCommand({ KeyId: OPERATOR_ALIAS, Plaintext: secret, EncryptionContext: secretContext }));
    const opened = await world.client().send(
      new DecryptCommand({
        KeyId: OPERATOR_ALIAS,
        CiphertextBlob: made.CiphertextBlob,
        EncryptionContext: secretContext,
        Recipient: await world.recipient(),
      }),
    );
    expect(await open(opened.CiphertextForRecipient)).toEqual(secret);
  });

  it('re-encrypts between keys and contexts', async () => {
    const client = world.client();
    const { keyId } = world.kms.createKey({ policy: openPolicy });
    const made = await client.send(
      new EncryptCommand({ KeyId: OPEN_ALIAS, Plaintext: Uint8Array.of(1, 2, 3), EncryptionContext: context }),
    );
    const moved = await client.send(
      new ReEncryptCommand({
        CiphertextBlob: made.CiphertextBlob,
        SourceEncryptionContext: context,
        DestinationKeyId: keyId,
      }),
    );
    expect(moved).toMatchObject({ SourceKeyId: world.kms.keyArn(OPEN_ALIAS), KeyId: world.kms.keyArn(keyId) });
    expect(
      (await client.send(new DecryptCommand({ KeyId: keyId, CiphertextBlob: moved.CiphertextBlob }))).Plaintext,
    ).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('gets a data key without its plaintext', async () => {
    const client = world.client();
    const made = await client.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId: OPEN_ALIAS, NumberOfBytes: 7 }));
    expect(made).not.toHaveProperty('Plaintext');
    expect((await client.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob }))).Plaintext).toHaveLength(7);
  });

  it('gets random bytes, readable or encrypted for a recipient', async () => {
    const client = world.client();
    expect((await client.send(new GenerateRandomCommand({ NumberOfBytes: 100 }))).Plaintext).toHaveLength(100);
    const sealed = await client.send(
      new GenerateRandomCommand({ NumberOfBytes: 100, Recipient: await world.recipient() }),
    );
    expect(sealed.Plaintext).toBeUndefined();
    expect(await open(sealed.CiphertextForRecipient)).toHaveLength(100);
  });

  it('describes a key by alias, alias ARN, key id and key ARN', async () => {
    const arn = world.kms.keyArn(OPEN_ALIAS);
    const keyId = arn.split('/')[1];
    for (const name of [OPEN_ALIAS, `arn:aws:kms:${REGION}:${ACCOUNT}:${OPEN_ALIAS}`, keyId, arn]) {
      const { KeyMetadata } = await world.client().send(new DescribeKeyCommand({ KeyId: name }));
      expect(KeyMetadata).toMatchObject({
        Arn: arn,
        KeyId: keyId,
        AWSAccountId: ACCOUNT,
        KeyState: 'Enabled',
        KeySpec: 'SYMMETRIC_DEFAULT',
      });
      expect(KeyMetadata?.CreationDate).toBeInstanceOf(Date);
    }
  });
});
