import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  ReEncryptCommand,
  type RecipientInfo,
} from '@aws-sdk/client-kms';
import type { Nsm } from '@communique-tee/nsm';
import {
  ACCOUNT,
  callers,
  ENCLAVE_ALIAS,
  enclaveContext,
  OPEN_ALIAS,
  openPolicy,
  OPERATOR_ALIAS,
  recipientKeys,
  REGION,
  secretContext,
  startWorld,
  type World,
} from '../testing/world';
import { openWithOpenssl } from '../testing/open-envelope';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const denied = {
  name: 'AccessDeniedException',
  $metadata: expect.objectContaining({ httpStatusCode: 400 }) as unknown,
};
const generate = (EncryptionContext: Record<string, string>, Recipient?: RecipientInfo, caller = callers.parent) =>
  world.client(caller).send(
    new GenerateDataKeyCommand({
      KeyId: ENCLAVE_ALIAS,
      KeySpec: 'AES_256',
      EncryptionContext,
      ...(Recipient && { Recipient }),
    }),
  );
const without = (name: string) =>
  Object.fromEntries(Object.entries(enclaveContext).filter(([key]) => key !== `communique-tee:${name}`));
const nextContext = { ...enclaveContext, 'communique-tee:pcr0': '08'.repeat(48) };

describe('the policy that the Pulumi program renders for enclave keys', () => {
  it('gives each accepted image its own keys', async () => {
    expect((await generate(enclaveContext, await world.recipient())).CiphertextForRecipient).toBeDefined();
    const next = await generate(nextContext, await world.recipient(world.nextImageNsm));
    expect(next.CiphertextForRecipient).toBeDefined();
    const decrypt = async (from: Nsm) =>
      world.client().send(
        new DecryptCommand({
          KeyId: ENCLAVE_ALIAS,
          CiphertextBlob: next.CiphertextBlob,
          EncryptionContext: nextContext,
          Recipient: await world.recipient(from),
        }),
      );
    expect(
      (
        await openWithOpenssl(
          (await decrypt(world.nextImageNsm)).CiphertextForRecipient ?? new Uint8Array(),
          recipientKeys.privateKey,
        )
      ).length,
    ).toBe(32);
    await expect(decrypt(world.nsm)).rejects.toMatchObject(denied);
  });

  it.each(['purpose', 'stack', 'pcr0'])('denies a data key without %s in the context', async (name) => {
    await expect(generate(without(name), await world.recipient())).rejects.toMatchObject(denied);
  });

  it('denies a data key to the parent itself, another image, a debug enclave and another role', async () => {
    await expect(generate(enclaveContext)).rejects.toMatchObject(denied);
    await expect(generate(enclaveContext, await world.recipient(world.otherImageNsm))).rejects.toMatchObject(denied);
    await expect(generate(enclaveContext, await world.recipient(world.debugNsm))).rejects.toMatchObject(denied);
    await expect(
      generate({ ...enclaveContext, 'communique-tee:pcr0': '0'.repeat(96) }, await world.recipient(world.debugNsm)),
    ).rejects.toMatchObject(denied);
    await expect(generate(enclaveContext, await world.recipient(), callers.stranger)).rejects.toMatchObject(denied);
  });

  it('lets no caller encrypt its own plaintext, with or without an attestation', async () => {
    const EncryptionContext = enclaveContext;
    for (const caller of [callers.parent, callers.operator, callers.stranger]) {
      const client = world.client(caller);
      const { CiphertextBlob } = await client.send(
        new EncryptCommand({ KeyId: OPEN_ALIAS, Plaintext: new Uint8Array(32), EncryptionContext }),
      );
      const attempts = [
        client.send(new EncryptCommand({ KeyId: ENCLAVE_ALIAS, Plaintext: new Uint8Array(32), EncryptionContext })),
        client.send(
          new GenerateDataKeyWithoutPlaintextCommand({ KeyId: ENCLAVE_ALIAS, KeySpec: 'AES_256', EncryptionContext }),
        ),
        client.send(
          new ReEncryptCommand({
            CiphertextBlob,
            SourceEncryptionContext: EncryptionContext,
            DestinationKeyId: ENCLAVE_ALIAS,
            DestinationEncryptionContext: EncryptionContext,
          }),
        ),
      ];
      for (const attempt of attempts) await expect(attempt).rejects.toMatchObject(denied);
    }
    const made = await generate(EncryptionContext, await world.recipient());
    await expect(
      world.client().send(
        new ReEncryptCommand({
          CiphertextBlob: made.CiphertextBlob,
          SourceEncryptionContext: EncryptionContext,
          DestinationKeyId: OPEN_ALIAS,
        }),
      ),
    ).rejects.toMatchObject(denied);
  });
});

it('the policy for operators’ secrets lets operators encrypt them and enclaves decrypt them', async () => {
  const encrypt = (caller = callers.operator, EncryptionContext: Record<string, string> = secretContext) =>
    world
      .client(caller)
      .send(new EncryptCommand({ KeyId: OPERATOR_ALIAS, Plaintext: Uint8Array.of(1), EncryptionContext }));
  const { CiphertextBlob } = await encrypt();
  const decrypt = (caller = callers.parent, Recipient?: RecipientInfo) =>
    world.client(caller).send(
      new DecryptCommand({
        KeyId: OPERATOR_ALIAS,
        CiphertextBlob,
        EncryptionContext: secretContext,
        ...(Recipient && { Recipient }),
      }),
    );
  expect((await decrypt(callers.parent, await world.recipient())).CiphertextForRecipient).toBeDefined();
  await expect(decrypt()).rejects.toMatchObject(denied);
  await expect(decrypt(callers.operator, await world.recipient())).rejects.toMatchObject(denied);
  await expect(encrypt(callers.parent)).rejects.toMatchObject(denied);
  await expect(encrypt(callers.operator, { ...secretContext, 'communique-tee:stack': 'prod' })).rejects.toMatchObject(
    denied,
  );
});

describe('like IAM, the simulator decides', () => {
  const describeKey = (caller: Parameters<World['client']>[0], KeyId = OPEN_ALIAS) =>
    world.client(caller).send(new DescribeKeyCommand({ KeyId }));
  const policy = (statement: object) => ({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/bare` },
        Action: 'kms:*',
        Resource: '*',
        ...statement,
      },
    ],
  });

  it('by the caller’s own policy if the key policy names the account', async () => {
    await expect(describeKey(callers.bare)).rejects.toMatchObject(denied);
    await expect(describeKey(callers.stranger)).resolves.toBeDefined();
  });

  it('by the key policy alone if it names a role, also for sessions of this role', async () => {
    const { keyId } = world.kms.createKey({ policy: policy({}) });
    await expect(describeKey(callers.bare, keyId)).resolves.toBeDefined();
    world.kms.setCredentials({
      accessKeyId: 'ASIASESSION',
      secretAccessKey: 's',
      sessionToken: 't',
      principalArn: `arn:aws:sts::${ACCOUNT}:assumed-role/bare/i-1`,
    });
    await expect(
      describeKey({ accessKeyId: 'ASIASESSION', secretAccessKey: 's', sessionToken: 't', principalArn: '' }, keyId),
    ).resolves.toBeDefined();
    await expect(describeKey(callers.stranger, keyId)).rejects.toMatchObject(denied);
  });

  it.each([
    ['kms:RequestAlias', { StringEquals: { 'kms:RequestAlias': 'alias/conditions' } }, true],
    ['kms:ResourceAliases', { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/conditions' } }, true],
    ['kms:CallerAccount', { StringEquals: { 'kms:CallerAccount': ACCOUNT } }, true],
    ['aws:PrincipalArn', { ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/bare` } }, true],
    ['aws:PrincipalAccount', { StringEquals: { 'aws:PrincipalAccount': '999999999999' } }, false],
    ['kms:ViaService, which is absent', { StringLike: { 'kms:ViaService': '*' } }, false],
    [
      'the names in the context, all allowed',
      { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['a', 'b'] } },
      true,
    ],
    [
      'the names in the context, one not allowed',
      { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['a'] } },
      false,
    ],
    ['a value of the context', { StringEquals: { 'kms:EncryptionContext:a': '1' } }, true],
    ['a value of the context in another case', { StringEquals: { 'kms:EncryptionContext:b': 'TWO' } }, false],
    ['PCR4 of a missing attestation', { StringLike: { 'kms:RecipientAttestation:PCR4': '*' } }, false],
  ])('by a condition on %s', async (_what, Condition, allowed) => {
    const { keyId } = world.kms.createKey({ policy: policy({ Condition }) });
    world.kms.pointAlias('alias/conditions', keyId);
    const asked = world.client(callers.bare).send(
      new GenerateDataKeyCommand({
        KeyId: 'alias/conditions',
        KeySpec: 'AES_128',
        EncryptionContext: { a: '1', b: 'two' },
      }),
    );
    await (allowed
      ? expect(asked).resolves.toMatchObject({ KeyId: world.kms.keyArn(keyId) })
      : expect(asked).rejects.toMatchObject(denied));
  });

  it('against a request with the key’s id or ARN if the policy demands the alias', async () => {
    const { keyId, arn } = world.kms.createKey({
      policy: policy({ Condition: { StringEquals: { 'kms:RequestAlias': 'alias/asked' } } }),
      alias: 'alias/asked',
    });
    await expect(describeKey(callers.bare, `arn:aws:kms:${REGION}:${ACCOUNT}:alias/asked`)).resolves.toBeDefined();
    for (const name of [keyId, arn]) await expect(describeKey(callers.bare, name)).rejects.toMatchObject(denied);
  });

  it('by the caller’s own policy alone for random bytes', async () => {
    await expect(
      world.client(callers.bare).send(new GenerateRandomCommand({ NumberOfBytes: 8 })),
    ).rejects.toMatchObject(denied);
    await expect(
      world.client(callers.stranger).send(new GenerateRandomCommand({ NumberOfBytes: 8 })),
    ).resolves.toBeDefined();
  });

  it('against a request for a key in another account, and against a caller from another account', async () => {
    await expect(
      describeKey(callers.parent, world.kms.keyArn(OPEN_ALIAS).replace(ACCOUNT, '999999999999')),
    ).rejects.toMatchObject(denied);
    const outsider = {
      accessKeyId: 'AKIAOUTSIDE',
      secretAccessKey: 's',
      principalArn: 'arn:aws:iam::999999999999:role/outsider',
      identityPolicy: callers.parent.identityPolicy as object,
    };
    world.kms.setCredentials(outsider);
    await expect(describeKey(outsider, world.kms.keyArn(OPEN_ALIAS))).rejects.toMatchObject(denied);
  });

  it('by a new policy from the next request on', async () => {
    const { keyId } = world.kms.createKey({ policy: openPolicy });
    await expect(describeKey(callers.stranger, keyId)).resolves.toBeDefined();
    world.kms.setPolicy(keyId, JSON.stringify(policy({})));
    await expect(describeKey(callers.stranger, keyId)).rejects.toMatchObject(denied);
    expect(() => world.kms.setPolicy(keyId, policy({ Effect: 'Perhaps' }))).toThrow(TypeError);
    expect(() => world.kms.setPolicy(keyId, '{')).toThrow(TypeError);
  });
});

it('the simulator denies with an error that names the caller, the action and the key', async () => {
  await expect(generate(enclaveContext)).rejects.toMatchObject({
    message: `User: ${callers.parent.principalArn} is not authorized to perform: kms:GenerateDataKey on resource: ${world.kms.keyArn(ENCLAVE_ALIAS)} with an explicit deny`,
  });
});
