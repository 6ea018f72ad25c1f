import { createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { KmsError } from './errors';
import { recipientKeyOf } from './recipient-key';
import { sealForRecipient } from './testing/kms-envelope';
import { createKmsClient, type KmsClientOptions } from './kms-client';
import type { KmsHttpAnswer, KmsRequest } from './attempts';

const NOW_MS = Date.parse('2026-11-22T15:04:05Z');
const keyId = 'arn:aws:kms:us-east-1:111122223333:alias/communique-tee-test-enclave';
const keyArn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const context = { 'communique-tee:purpose': 'enclave-keys', 'communique-tee:stack': 'test' };
const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'token',
  expiresMs: NOW_MS + 60_000,
};
const document = randomBytes(4096);
const dataKey = randomBytes(32);
const ciphertextBlob = new Uint8Array(randomBytes(184));

let pair: { publicKey: KeyObject; privateKey: KeyObject };
beforeAll(() => {
  pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
});

type Answering = (request: KmsRequest, count: number) => KmsHttpAnswer | Promise<KmsHttpAnswer>;
const ok = (body: object): KmsHttpAnswer => ({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) });
const no = (status: number, type: string, message = ''): KmsHttpAnswer => ({
  status,
  headers: {},
  body: Buffer.from(JSON.stringify({ __type: type, message })),
});
const envelope = (plaintext: Uint8Array) => Buffer.from(sealForRecipient(plaintext, pair.publicKey)).toString('base64');
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const dataKeyAnswer = (change: object = {}) =>
  ok({
    KeyId: keyArn,
    CiphertextBlob: base64(ciphertextBlob),
    CiphertextForRecipient: envelope(dataKey),
    Plaintext: '',
    ...change,
  });
const decryptAnswer = (change: object = {}) =>
  ok({ KeyId: keyArn, CiphertextForRecipient: envelope(dataKey), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', ...change });

function setup(answering: Answering = () => dataKeyAnswer(), options: Partial<KmsClientOptions> = {}) {
  const requests: KmsRequest[] = [];
  const attested: Uint8Array[] = [];
  const sut = createKmsClient({
    region: 'us-east-1',
    origin: 'https://kms.us-east-1.amazonaws.com',
    nowMs: () => NOW_MS,
    attest: (publicKeySpki) => {
      attested.push(publicKeySpki);
      return Promise.resolve(document);
    },
    send: (request) => {
      requests.push(request);
      return Promise.resolve(answering(request, requests.length));
    },
    sleep: () => Promise.resolve(),
    recipient: Promise.resolve(recipientKeyOf(pair)),
    ...options,
  });
  return {
    sut,
    requests,
    attested,
    bodies: () =>
      requests.map(
        ({ body }) => JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(body)) as Record<string, unknown>,
      ),
  };
}
const coded = (code: string) => expect.objectContaining({ name: 'KmsError', code }) as Error;
const Recipient = { AttestationDocument: base64(document), KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' };

it('requests a data key with an attestation document over its own RSA key, and opens the answer', async () => {
  const { sut, requests, attested, bodies } = setup();
  await expect(sut.generateDataKey({ keyId, context, credentials })).resolves.toEqual({
    plaintext: new Uint8Array(dataKey),
    ciphertextBlob,
    keyArn,
  });
  expect(attested).toEqual([new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }))]);
  expect(bodies()).toEqual([{ KeyId: keyId, KeySpec: 'AES_256', EncryptionContext: context, Recipient }]);
  expect(requests[0]).toMatchObject({
    origin: 'https://kms.us-east-1.amazonaws.com',
    method: 'POST',
    path: '/',
    timeoutMs: 5000,
  });
  expect(requests[0]?.headers).toEqual({
    host: 'kms.us-east-1.amazonaws.com',
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'TrentService.GenerateDataKey',
    'x-amz-date': '20261122T150405Z',
    'x-amz-security-token': 'token',
    'x-amz-content-sha256': expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    authorization: expect.stringMatching(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20261122\/us-east-1\/kms\/aws4_request, SignedHeaders=content-type;host;/,
    ) as string,
  });
});

it('names the key, the context and the recipient in a request to decrypt', async () => {
  const { sut, requests, bodies } = setup(() => decryptAnswer());
  await expect(sut.decrypt({ keyId, context, ciphertextBlob, credentials, plaintextBytes: 32 })).resolves.toEqual({
    plaintext: new Uint8Array(dataKey),
    keyArn,
  });
  expect(requests[0]?.headers['x-amz-target']).toBe('TrentService.Decrypt');
  expect(bodies()).toEqual([
    {
      KeyId: keyId,
      CiphertextBlob: base64(ciphertextBlob),
      EncryptionContext: context,
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      Recipient,
    },
  ]);
});

it("decrypts an operator's secret of any length that KMS can encrypt", async () => {
  for (const length of [1, 4096]) {
    const secret = new Uint8Array(randomBytes(length));
    const { sut } = setup(() => decryptAnswer({ CiphertextForRecipient: envelope(secret) }));
    await expect(sut.decrypt({ keyId, context, ciphertextBlob, credentials })).resolves.toEqual({
      plaintext: secret,
      keyArn,
    });
  }
});

it('makes its RSA key once, and a fresh document for every call', async () => {
  let made: KeyObject | undefined;
  const spkis: string[] = [];
  const sut = createKmsClient({
    region: 'us-east-1',
    origin: 'https://kms.us-east-1.amazonaws.com',
    nowMs: () => NOW_MS,
    attest: (spki) => {
      spkis.push(base64(spki));
      made = createPublicKey({ key: Buffer.from(spki), type: 'spki', format: 'der' });
      return Promise.resolve(document);
    },
    send: () => Promise.resolve(dataKeyAnswer({ CiphertextForRecipient: base64(sealForRecipient(dataKey, made!)) })),
  });
  await Promise.all([
    sut.generateDataKey({ keyId, context, credentials }),
    sut.generateDataKey({ keyId, context, credentials }),
  ]);
  expect(spkis).toHaveLength(2);
  expect(new Set(spkis).size).toBe(1);
});

describe('refuses an answer', () => {
  it.each<[string, () => object]>([
    ['with the data key both in the clear and in the envelope', () => ({ Plaintext: base64(dataKey) })],
    [
      'with the data key in the clear and no envelope',
      () => ({ Plaintext: base64(dataKey), CiphertextForRecipient: null }),
    ],
    ['of another account', () => ({ KeyId: keyArn.replace('111122223333', '444455556666') })],
    ['of another region', () => ({ KeyId: keyArn.replace('us-east-1', 'eu-west-1') })],
    ['with a data key of 16 bytes', () => ({ CiphertextForRecipient: envelope(randomBytes(16)) })],
    ['with a data key of 64 bytes', () => ({ CiphertextForRecipient: envelope(randomBytes(64)) })],
    [
      'for another recipient',
      () => ({
        CiphertextForRecipient: base64(
          sealForRecipient(dataKey, generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey),
        ),
      }),
    ],
    [
      'with bytes behind the envelope',
      () => ({
        CiphertextForRecipient: base64(Buffer.concat([sealForRecipient(dataKey, pair.publicKey), Buffer.alloc(3)])),
      }),
    ],
  ])('%s', async (_what, change) => {
    const { sut, requests } = setup((_request, count) =>
      count === 1 ? dataKeyAnswer(change()) : decryptAnswer(change()),
    );
    await expect(sut.generateDataKey({ keyId, context, credentials })).rejects.toEqual(coded('kms_answer_invalid'));
    await expect(sut.decrypt({ keyId, context, ciphertextBlob, credentials, plaintextBytes: 32 })).rejects.toEqual(
      coded('kms_answer_invalid'),
    );
    expect(requests).toHaveLength(2); // no second try for either call
  });

  it('that is larger than any answer of KMS', async () => {
    const { sut, requests } = setup(() => dataKeyAnswer({ more: 'x'.repeat(30_000) }));
    await expect(sut.generateDataKey({ keyId, context, credentials })).rejects.toEqual(coded('kms_answer_invalid'));
    expect(requests[0]?.maxAnswerBytes).toBe(24 * 1024);
  });
});

describe('makes no request', () => {
  it.each([
    ['without credentials', null],
    ['with credentials that have expired by the attested clock', { ...credentials, expiresMs: NOW_MS }],
    ['with a token that contains a line break', { ...credentials, sessionToken: 'a\r\nx-injected: 1' }],
    ['with an empty access key id', { ...credentials, accessKeyId: '' }],
    ['with a token that is too long', { ...credentials, sessionToken: 'a'.repeat(8193) }],
  ])('%s', async (_what, given) => {
    const { sut, requests, attested } = setup();
    await expect(sut.generateDataKey({ keyId, context, credentials: given })).rejects.toEqual(coded('kms_credentials'));
    expect([requests.length, attested.length]).toEqual([0, 0]);
  });

  it.each([keyArn, 'alias/x', keyId.replace('us-east-1', 'us-west-2')])(
    'for a key that is not named by an alias ARN of the client’s region: %s',
    async (other) => {
      const { sut, requests } = setup();
      await expect(sut.generateDataKey({ keyId: other, context, credentials })).rejects.toEqual(
        coded('kms_key_unusable'),
      );
      await expect(sut.decrypt({ keyId: other, context, ciphertextBlob, credentials })).rejects.toEqual(
        coded('kms_key_unusable'),
      );
      expect(requests).toHaveLength(0);
    },
  );

  it.each([0, 6145])('with a ciphertext of %d bytes', async (length) => {
    const { sut, requests } = setup();
    await expect(sut.decrypt({ keyId, context, ciphertextBlob: new Uint8Array(length), credentials })).rejects.toEqual(
      coded('kms_ciphertext_invalid'),
    );
    expect(requests).toHaveLength(0);
  });

  it("if the NSM gives no document, and throws the NSM's error", async () => {
    const refused = new Error('the NSM refused');
    const { sut, requests } = setup(undefined, { attest: () => Promise.reject(refused) });
    await expect(sut.generateDataKey({ keyId, context, credentials })).rejects.toBe(refused);
    expect(requests).toHaveLength(0);
  });
});

describe('tries again', () => {
  it.each([
    ['throttled', no(400, 'ThrottlingException')],
    ['KMS failed', no(500, 'KMSInternalException')],
    ['a page of another server', { status: 503, headers: {}, body: Buffer.from('<html>') }],
  ])('after this answer: %s, and signs each request with the current time', async (_what, failure) => {
    let now = NOW_MS;
    const { sut, requests } = setup((_request, count) => (count < 3 ? failure : dataKeyAnswer()), {
      nowMs: () => now,
      sleep: () => Promise.resolve(void (now += 1000)),
    });
    await expect(sut.generateDataKey({ keyId, context, credentials })).resolves.toMatchObject({ keyArn });
    expect(requests.map(({ headers }) => headers['x-amz-date'])).toEqual([
      '20261122T150405Z',
      '20261122T150406Z',
      '20261122T150407Z',
    ]);
  });

  it('if no server answered, and throws kms_unreachable with the cause when the time is over', async () => {
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    let now = 0;
    const { sut, requests } = setup(() => Promise.reject(cause), {
      deadlineMs: 3000,
      monotonicMs: () => now,
      sleep: (ms) => Promise.resolve(void (now += ms)),
    });
    const error = await sut.generateDataKey({ keyId, context, credentials }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'kms_unreachable', retryable: true, cause });
    expect(requests.length).toBeGreaterThan(2);
  });

  it('until the credentials expire', async () => {
    let now = NOW_MS;
    const { sut, requests } = setup(() => no(500, 'KMSInternalException'), {
      nowMs: () => now,
      sleep: () => Promise.resolve(void (now += 60_000)),
    });
    await expect(sut.generateDataKey({ keyId, context, credentials })).rejects.toEqual(coded('kms_credentials'));
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['AccessDeniedException', 'kms_denied'],
    ['InvalidCiphertextException', 'kms_ciphertext_invalid'],
    ['ExpiredTokenException', 'kms_credentials'],
    ['DisabledException', 'kms_key_unusable'],
    ['NewException', 'kms_failed'],
  ])('but not after %s', async (type, code) => {
    const { sut, requests } = setup(() => no(400, type, 'arn:aws:sts::111122223333:assumed-role/parent'));
    const error = await sut.decrypt({ keyId, context, ciphertextBlob, credentials }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KmsError);
    expect(error).toMatchObject({ code, status: 400 });
    expect(String((error as Error).stack)).not.toContain('assumed-role');
    expect(requests).toHaveLength(1);
  });

  it('but not if the clock is wrong', async () => {
    const { sut, requests } = setup(() => no(400, 'InvalidSignatureException', 'Signature not yet current: x'));
    await expect(sut.generateDataKey({ keyId, context, credentials })).rejects.toEqual(coded('kms_clock'));
    expect(requests).toHaveLength(1);
  });
});

describe('the client returns', () => {
  it('even if a transport never answers and ignores its signal', async () => {
    const { sut, requests } = setup(() => new Promise(() => undefined), { timeoutMs: 20, deadlineMs: 60 });
    await expect(sut.generateDataKey({ keyId, context, credentials })).rejects.toEqual(coded('kms_timeout'));
    expect(requests[0]?.signal.aborted).toBe(true);
  });

  it('once the caller has aborted, throws the reason of the caller, and does not try again', async () => {
    const caller = new AbortController();
    const reason = new Error('stopping');
    const { sut, requests } = setup(({ signal }) => {
      caller.abort(reason);
      return Promise.reject(signal.reason as Error);
    });
    await expect(sut.generateDataKey({ keyId, context, credentials, signal: caller.signal })).rejects.toBe(reason);
    await expect(sut.generateDataKey({ keyId, context, credentials, signal: caller.signal })).rejects.toBe(reason);
    expect(requests).toHaveLength(1);
  });
});

it('shows no credential in any error', async () => {
  const answers = [
    no(400, 'UnrecognizedClientException', credentials.secretAccessKey),
    no(400, 'x', credentials.sessionToken),
    dataKeyAnswer({ Plaintext: 'c2VjcmV0' }),
  ];
  for (const answer of answers) {
    const error = (await setup(() => answer)
      .sut.generateDataKey({ keyId, context, credentials })
      .catch((thrown: unknown) => thrown)) as Error;
    const said = JSON.stringify({ ...error, stack: error.stack?.split('\n')[0], message: error.message });
    for (const secret of [credentials.secretAccessKey, 'AKIDEXAMPLE', '"token"', 'c2VjcmV0'])
      expect(said).not.toContain(secret);
  }
});
