import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256, signRequest } from './sign-request';

const NOW_MS = Date.parse('2026-11-22T15:04:05.678Z');
const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

interface Captured {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Uint8Array | string;
}

/** Returns the request that AWS's own client sends with a fixed clock. */
async function capturedFromSdk(
  credentials: typeof CREDENTIALS & { sessionToken?: string },
  command: GenerateDataKeyCommand | DecryptCommand,
  endpoint?: string,
): Promise<Captured> {
  let captured: Captured | undefined;
  const client = new KMSClient({
    region: 'us-east-1',
    ...(endpoint === undefined ? {} : { endpoint }),
    credentials,
    maxAttempts: 1,
    requestHandler: {
      handle: (request: Captured) => {
        captured = request;
        return Promise.reject(new Error('captured'));
      },
    },
  });
  const clock = jest.spyOn(Date, 'now').mockReturnValue(NOW_MS);
  try {
    await expect(client.send(command as GenerateDataKeyCommand)).rejects.toThrow('captured');
  } finally {
    clock.mockRestore();
  }
  if (captured === undefined) throw new Error('the SDK sent nothing');
  return captured;
}

const SIGNED_ANEW = new Set([
  'authorization',
  'x-amz-date',
  'x-amz-content-sha256',
  'x-amz-security-token',
  'host',
  'content-length',
]);
const Recipient = {
  AttestationDocument: new Uint8Array(4096).fill(3),
  KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' as const,
};
const context = { 'communique-tee:purpose': 'enclave-keys', 'communique-tee:stack': 'prüfung' };
const KeyId = 'arn:aws:kms:us-east-1:111122223333:alias/communique-tee-test-enclave';

it("computes AWS's published example, get-vanilla of the Signature Version 4 test suite", async () => {
  const signer = new SignatureV4({
    service: 'service',
    region: 'us-east-1',
    sha256: Sha256,
    credentials: CREDENTIALS,
    applyChecksum: false,
  });
  const { headers } = await signer.sign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname: 'example.amazonaws.com',
      path: '/',
      query: {},
      headers: { host: 'example.amazonaws.com' },
    },
    { signingDate: new Date('2015-08-30T12:36:00Z') },
  );
  expect(headers['authorization']).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  );
});

it.each([
  [
    'GenerateDataKey with the credentials of a role',
    { ...CREDENTIALS, sessionToken: 'IQoJb3JpZ2luX2VjEXAMPLE/+=' },
    new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext: context, Recipient }),
    undefined,
  ],
  [
    'Decrypt with the credentials of a user',
    CREDENTIALS,
    new DecryptCommand({ KeyId, CiphertextBlob: new Uint8Array(190), EncryptionContext: context, Recipient }),
    undefined,
  ],
  [
    'Decrypt at an endpoint with a port',
    CREDENTIALS,
    new DecryptCommand({ KeyId, CiphertextBlob: new Uint8Array(190), Recipient }),
    'https://kms.test:8443',
  ],
])("makes the same signature as AWS's own client: %s", async (_what, credentials, command, endpoint) => {
  const sdk = await capturedFromSdk(credentials, command, endpoint);
  expect([sdk.method, sdk.path]).toEqual(['POST', '/']);
  expect(sdk.headers['content-type']).toBe('application/x-amz-json-1.1');
  const headers = Object.fromEntries(Object.entries(sdk.headers).filter(([name]) => !SIGNED_ANEW.has(name)));
  const body = typeof sdk.body === 'string' ? new TextEncoder().encode(sdk.body) : sdk.body;
  const signed = await signRequest(
    {
      origin: endpoint ?? 'https://kms.us-east-1.amazonaws.com',
      region: 'us-east-1',
      headers: { ...headers, 'content-length': String(body.length) },
      body,
    },
    credentials,
    NOW_MS,
  );

  for (const name of [
    'authorization',
    'host',
    'x-amz-date',
    'x-amz-content-sha256',
    'x-amz-security-token',
    'x-amz-target',
  ]) {
    expect([name, signed[name]]).toEqual([name, sdk.headers[name]]);
  }
  expect(signed['x-amz-date']).toBe('20261122T150405Z');
});

it("signs with the given time, not the machine's", async () => {
  const request = {
    origin: 'https://kms.us-east-1.amazonaws.com',
    region: 'us-east-1',
    headers: {},
    body: new Uint8Array(2),
  };
  const first = await signRequest(request, CREDENTIALS, NOW_MS);
  jest.spyOn(Date, 'now').mockReturnValue(0);
  expect(await signRequest(request, CREDENTIALS, NOW_MS)).toEqual(first);
  expect((await signRequest(request, CREDENTIALS, NOW_MS + 1000))['authorization']).not.toBe(first['authorization']);
  jest.restoreAllMocks();
});

it('makes another signature for any other body or target', async () => {
  const sign = (target: string, body: Uint8Array) =>
    signRequest(
      { origin: 'https://kms.us-east-1.amazonaws.com', region: 'us-east-1', headers: { 'x-amz-target': target }, body },
      CREDENTIALS,
      NOW_MS,
    ).then(({ authorization }) => authorization);
  const signatures = [
    await sign('a', Uint8Array.of(1)),
    await sign('a', Uint8Array.of(2)),
    await sign('b', Uint8Array.of(1)),
  ];
  expect(new Set(signatures).size).toBe(3);
  expect(signatures[0]).toContain('SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-target');
});
