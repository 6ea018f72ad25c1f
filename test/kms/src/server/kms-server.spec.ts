import { EncryptCommand, GenerateDataKeyCommand } from '@aws-sdk/client-kms';
import { startKmsSimulator } from '../simulator';
import { send, signed } from '../testing/raw-call';
import {
  ACCOUNT,
  callers,
  ENCLAVE_ALIAS,
  enclaveContext,
  OPEN_ALIAS,
  REGION,
  startWorld,
  type World,
} from '../testing/world';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const ask = async (action: string, fields: unknown) =>
  send(world.kms, await signed(world.kms, action, fields, callers.parent));

it('answers in AWS JSON 1.1', async () => {
  const answer = await ask('GenerateRandom', { NumberOfBytes: 4 });
  expect(answer.headers).toMatchObject({
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-requestid': expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
  });
  expect(Object.keys(JSON.parse(answer.body) as object)).toEqual(['Plaintext']);
  expect((await ask('Decrypt', { CiphertextBlob: 'AAAA' })).body).toBe('{"__type":"InvalidCiphertextException"}');
  expect(
    JSON.parse(
      (await send(world.kms, await signed(world.kms, 'DescribeKey', { KeyId: OPEN_ALIAS }, callers.bare))).body,
    ),
  ).toEqual({ __type: 'AccessDeniedException', Message: expect.stringContaining('not authorized') as unknown });
});

it('refuses other actions, methods, paths and content types', async () => {
  const unknown = { type: 'UnknownOperationException' };
  for (const action of ['PutKeyPolicy', 'decrypt', 'constructor', 'Decrypt2', ''])
    expect(await ask(action, {})).toMatchObject({ ...unknown, status: 400 });
  const request = await signed(world.kms, 'GenerateRandom', { NumberOfBytes: 4 }, callers.parent);
  expect(await send(world.kms, { ...request, path: '/path' })).toMatchObject({ ...unknown, status: 404 });
  expect(await send(world.kms, { ...request, method: 'PUT' })).toMatchObject({ ...unknown, status: 404 });
  expect(
    await send(world.kms, { ...request, headers: { ...request.headers, 'content-type': 'application/json' } }),
  ).toMatchObject({ ...unknown, status: 404 });
  expect(
    await send(world.kms, { ...request, headers: { ...request.headers, 'x-amz-target': 'DynamoDB_20120810.GetItem' } }),
  ).toMatchObject({ ...unknown, status: 400 });
});

it.each([
  ['an empty body', ''],
  ['invalid JSON', '{'],
  ['a list', '[]'],
  ['null', 'null'],
  ['a text', '"x"'],
  ['deep nesting', `{"KeyId":${'['.repeat(9)}${']'.repeat(9)}}`],
  ['very deep nesting', '['.repeat(100_000)],
  ['a number for a text', '{"KeyId":1}'],
  ['a text that is not base64 for a blob', `{"KeyId":"${OPEN_ALIAS}","Plaintext":"_-"}`],
  ['a blob in base64 without its padding', `{"KeyId":"${OPEN_ALIAS}","Plaintext":"AA"}`],
  ['a number in the context', `{"KeyId":"${OPEN_ALIAS}","Plaintext":"AA==","EncryptionContext":{"a":1}}`],
  ['a list for the context', `{"KeyId":"${OPEN_ALIAS}","Plaintext":"AA==","EncryptionContext":[]}`],
  ['null in the context', `{"KeyId":"${OPEN_ALIAS}","Plaintext":"AA==","EncryptionContext":{"a":null}}`],
  ['a text for grants', `{"KeyId":"${OPEN_ALIAS}","Plaintext":"AA==","GrantTokens":"x"}`],
  ['a text for a flag', `{"KeyId":"${OPEN_ALIAS}","Plaintext":"AA==","DryRun":"true"}`],
])('answers SerializationException to %s', async (_what, body) => {
  expect(await ask('Encrypt', body)).toMatchObject({ status: 400, type: 'SerializationException' });
});

it.each<[string, string, string, object]>([
  ['no key', 'ValidationException', 'Encrypt', { Plaintext: 'AA==' }],
  ['an empty key', 'ValidationException', 'Encrypt', { KeyId: '', Plaintext: 'AA==' }],
  ['a long key', 'ValidationException', 'Encrypt', { KeyId: 'x'.repeat(2049), Plaintext: 'AA==' }],
  ['no plaintext', 'ValidationException', 'Encrypt', { KeyId: OPEN_ALIAS }],
  ['null for the plaintext', 'ValidationException', 'Encrypt', { KeyId: OPEN_ALIAS, Plaintext: null }],
  ['an empty plaintext', 'ValidationException', 'Encrypt', { KeyId: OPEN_ALIAS, Plaintext: '' }],
  [
    'more than 4096 bytes',
    'ValidationException',
    'Encrypt',
    { KeyId: OPEN_ALIAS, Plaintext: Buffer.alloc(4097).toString('base64') },
  ],
  [
    'a context of more than 8192 characters',
    'ValidationException',
    'Encrypt',
    { KeyId: OPEN_ALIAS, Plaintext: 'AA==', EncryptionContext: { a: 'x'.repeat(8192) } },
  ],
  [
    'a context with a name in two cases',
    'ValidationException',
    'Encrypt',
    { KeyId: OPEN_ALIAS, Plaintext: 'AA==', EncryptionContext: { a: '1', A: '1' } },
  ],
  [
    'an unknown algorithm',
    'ValidationException',
    'Encrypt',
    { KeyId: OPEN_ALIAS, Plaintext: 'AA==', EncryptionAlgorithm: 'ROT13' },
  ],
  [
    'an algorithm of other keys',
    'InvalidKeyUsageException',
    'Encrypt',
    { KeyId: OPEN_ALIAS, Plaintext: 'AA==', EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' },
  ],
  ['grants', 'InvalidGrantTokenException', 'Encrypt', { KeyId: OPEN_ALIAS, Plaintext: 'AA==', GrantTokens: ['x'] }],
  ['a dry run', 'DryRunOperationException', 'Encrypt', { KeyId: OPEN_ALIAS, Plaintext: 'AA==', DryRun: true }],
  ['no ciphertext', 'ValidationException', 'Decrypt', {}],
  [
    'a ciphertext of more than 6144 bytes',
    'ValidationException',
    'Decrypt',
    { CiphertextBlob: Buffer.alloc(6145).toString('base64') },
  ],
  ['neither a spec nor a number', 'ValidationException', 'GenerateDataKey', { KeyId: OPEN_ALIAS }],
  [
    'both a spec and a number',
    'ValidationException',
    'GenerateDataKey',
    { KeyId: OPEN_ALIAS, KeySpec: 'AES_256', NumberOfBytes: 32 },
  ],
  ['another spec', 'ValidationException', 'GenerateDataKey', { KeyId: OPEN_ALIAS, KeySpec: 'AES_512' }],
  ['no bytes', 'ValidationException', 'GenerateDataKey', { KeyId: OPEN_ALIAS, NumberOfBytes: 0 }],
  ['too many bytes', 'ValidationException', 'GenerateDataKey', { KeyId: OPEN_ALIAS, NumberOfBytes: 1025 }],
  ['no number', 'ValidationException', 'GenerateRandom', {}],
  ['no destination', 'ValidationException', 'ReEncrypt', { CiphertextBlob: 'AA==' }],
  ['no key to describe', 'ValidationException', 'DescribeKey', {}],
])('refuses a request with %s as %s', async (_what, type, action, fields) => {
  expect(await ask(action, fields)).toMatchObject({ status: 400, type });
});

it('reads at most half a megabyte of a request, and then serves the next one', async () => {
  const large = {
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.Encrypt' },
    body: 'x'.repeat(600 * 1024),
  };
  // The connection may break before the answer arrives, because the client is still writing
  const answer = await send(world.kms, large).catch((error: NodeJS.ErrnoException) => error.code);
  expect(['EPIPE', 'ECONNRESET', 413]).toContain(typeof answer === 'object' ? answer.status : answer);
  expect(world.kms.requests().at(-1)?.decision).toBe('RequestEntityTooLargeException');
  expect((await ask('GenerateRandom', { NumberOfBytes: 4 })).status).toBe(200);
});

it('ignores members that an action does not have, such as a Recipient of Encrypt', async () => {
  expect(
    (
      await ask('Encrypt', {
        KeyId: OPEN_ALIAS,
        Plaintext: 'AA==',
        Recipient: { AttestationDocument: 'AA==' },
        Anything: 1,
      })
    ).status,
  ).toBe(200);
});

it('logs the requests without their secrets', async () => {
  world.kms.clearRequests();
  const client = world.client();
  const secret = 'the secret of this test';
  await client.send(
    new EncryptCommand({ KeyId: OPEN_ALIAS, Plaintext: Buffer.from(secret), EncryptionContext: { a: '1' } }),
  );
  await client.send(
    new GenerateDataKeyCommand({
      KeyId: ENCLAVE_ALIAS,
      KeySpec: 'AES_256',
      EncryptionContext: enclaveContext,
      Recipient: await world.recipient(),
    }),
  );
  await expect(client.send(new GenerateDataKeyCommand({ KeyId: ENCLAVE_ALIAS, KeySpec: 'AES_256' }))).rejects.toThrow();
  await send(world.kms, { headers: {}, body: secret });
  const requests = world.kms.requests();
  const principal = callers.parent.principalArn;
  expect(requests).toEqual([
    {
      atMs: expect.any(Number) as unknown,
      action: 'Encrypt',
      principal,
      decision: 'done',
      keyArn: world.kms.keyArn(OPEN_ALIAS),
      encryptionContext: { a: '1' },
    },
    {
      atMs: expect.any(Number) as unknown,
      action: 'GenerateDataKey',
      principal,
      decision: 'done',
      keyArn: world.kms.keyArn(ENCLAVE_ALIAS),
      encryptionContext: enclaveContext,
      attestedPcr0: enclaveContext['communique-tee:pcr0'],
    },
    {
      atMs: expect.any(Number) as unknown,
      action: 'GenerateDataKey',
      principal,
      decision: 'AccessDeniedException',
      keyArn: world.kms.keyArn(ENCLAVE_ALIAS),
      encryptionContext: {},
    },
    { atMs: expect.any(Number) as unknown, action: 'unknown', principal: null, decision: 'UnknownOperationException' },
  ]);
  for (const hidden of [
    secret,
    Buffer.from(secret).toString('base64'),
    callers.parent.secretAccessKey,
    callers.parent.sessionToken ?? '',
  ])
    expect(JSON.stringify(requests)).not.toContain(hidden);
});

describe('the start of the simulator', () => {
  const options = { region: REGION, account: ACCOUNT, credentials: [], trustAnchorPem: '' };
  it('is refused in production, and with invalid options', async () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      await expect(startKmsSimulator(options)).rejects.toMatchObject({ code: 'production' });
    } finally {
      process.env['NODE_ENV'] = before;
    }
    await expect(startKmsSimulator(options)).rejects.toMatchObject({ code: 'ERR_ATTESTATION_TRUST_ANCHOR' });
    await expect(startKmsSimulator({ ...options, region: 'moon' })).rejects.toMatchObject({ code: 'options' });
    await expect(startKmsSimulator({ ...options, account: '1' })).rejects.toMatchObject({ code: 'options' });
    await expect(
      startKmsSimulator({ ...options, credentials: [{ ...callers.parent, principalArn: 'me' }] }),
    ).rejects.toThrow(TypeError);
    await expect(startWorld({ port: Number(new URL(world.kms.origin).port) })).rejects.toMatchObject({
      code: 'listen_failed',
    });
  });

  it('uses the given port, and can use it again after a close', async () => {
    const first = await startWorld();
    const port = Number(new URL(first.kms.origin).port);
    await first.close();
    const second = await startWorld({ port });
    expect(second.kms.origin).toBe(first.kms.origin);
    await second.close();
  });
});
