import { ListKeysCommand } from '@aws-sdk/client-kms';
import { send, signed, type SignOptions } from '../testing/raw-call';
import { callers, OPEN_ALIAS, startWorld, type World } from '../testing/world';
import { signatureOf } from './signature-of';

let world: World;
let nowMs = Date.parse('2026-03-04T12:00:00Z');
beforeAll(async () => {
  world = await startWorld({ nowMs: () => nowMs });
});
afterAll(() => world.close());
beforeEach(() => {
  nowMs = Date.parse('2026-03-04T12:00:00Z');
});

const fields = { KeyId: OPEN_ALIAS };
const sign = (options: SignOptions = {}, credentials = callers.parent) =>
  signed(world.kms, 'DescribeKey', fields, credentials, { at: new Date(nowMs), ...options });

it('computes the signature of AWS’s own example', () => {
  // AWS, "Signature Version 4 signing process", the example request to IAM of 2015-08-30
  const headers = new Map([
    ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
    ['host', 'iam.amazonaws.com'],
    ['x-amz-date', '20150830T123600Z'],
  ]);
  const request = {
    method: 'GET',
    path: '/',
    query: 'Action=ListUsers&Version=2010-05-08',
    rawHeaders: [],
    body: new Uint8Array(),
  };
  const scope = { date: '20150830', region: 'us-east-1', service: 'iam', signedHeaders: [...headers.keys()] };
  expect(
    signatureOf(request, headers, scope, '20150830T123600Z', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY').toString(
      'hex',
    ),
  ).toBe('5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7');
});

it('accepts requests of AWS’s signer, with a session token and without', async () => {
  expect((await send(world.kms, await sign())).status).toBe(200);
  // These credentials have no policy, so AccessDeniedException shows that the signature was accepted
  expect((await send(world.kms, await sign({}, callers.bare))).type).toBe('AccessDeniedException');
});

it('accepts a repeated request within five minutes, as AWS does', async () => {
  const request = await sign();
  nowMs += 4 * 60_000;
  expect([await send(world.kms, request), await send(world.kms, request)].map(({ status }) => status)).toEqual([
    200, 200,
  ]);
});

const spoiled: [string, string, SignOptions, (headers: Record<string, string>) => void][] = [
  ['no signature', 'MissingAuthenticationTokenException', {}, (headers) => void delete headers['authorization']],
  ['no date', 'IncompleteSignatureException', {}, (headers) => void delete headers['x-amz-date']],
  ['another date', 'InvalidSignatureException', {}, (headers) => void (headers['x-amz-date'] = '20260304T120001Z')],
  [
    'a target that was changed',
    'InvalidSignatureException',
    {},
    (headers) => void (headers['x-amz-target'] = 'TrentService.Decrypt'),
  ],
  ['a target that was not signed', 'InvalidSignatureException', { unsigned: ['x-amz-target'] }, () => undefined],
  ['a host that was not signed', 'InvalidSignatureException', { unsigned: ['host'] }, () => undefined],
  ['a token that was not signed', 'InvalidSignatureException', { unsigned: ['x-amz-security-token'] }, () => undefined],
  ['no token', 'InvalidSignatureException', {}, (headers) => void delete headers['x-amz-security-token']],
  [
    'another token',
    'UnrecognizedClientException',
    {},
    (headers) => void (headers['x-amz-security-token'] = callers.operator.sessionToken ?? ''),
  ],
  [
    'an added AWS header that was not signed',
    'InvalidSignatureException',
    {},
    (headers) => void (headers['x-amz-date-of-mine'] = 'x'),
  ],
  ['another region', 'InvalidSignatureException', { region: 'eu-west-1' }, () => undefined],
  ['another service', 'InvalidSignatureException', { service: 's3' }, () => undefined],
  [
    'an altered signature',
    'InvalidSignatureException',
    {},
    (headers) =>
      void (headers['authorization'] = (headers['authorization'] ?? '').replace(/.$/, (last) =>
        last === '0' ? '1' : '0',
      )),
  ],
  [
    'a short signature',
    'IncompleteSignatureException',
    {},
    (headers) => void (headers['authorization'] = (headers['authorization'] ?? '').slice(0, -1)),
  ],
  [
    'another algorithm',
    'IncompleteSignatureException',
    {},
    (headers) =>
      void (headers['authorization'] = (headers['authorization'] ?? '').replace('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1')),
  ],
  [
    'a scope of four parts',
    'IncompleteSignatureException',
    {},
    (headers) => void (headers['authorization'] = (headers['authorization'] ?? '').replace('/aws4_request', '')),
  ],
  [
    'no credential',
    'IncompleteSignatureException',
    {},
    (headers) => void (headers['authorization'] = (headers['authorization'] ?? '').replace(/Credential=[^,]*, /, '')),
  ],
  [
    'a repeated part',
    'IncompleteSignatureException',
    {},
    (headers) => void (headers['authorization'] = `${headers['authorization'] ?? ''}, Signature=${'0'.repeat(64)}`),
  ],
  [
    'signed headers out of order',
    'IncompleteSignatureException',
    {},
    (headers) =>
      void (headers['authorization'] = (headers['authorization'] ?? '').replace(
        /SignedHeaders=([^;]+);([^;]+)/,
        'SignedHeaders=$2;$1',
      )),
  ],
];

it.each(spoiled)('refuses a request with %s', async (_what, type, options, spoil) => {
  const request = await sign(options);
  spoil(request.headers);
  expect(await send(world.kms, request)).toMatchObject({ status: 400, type });
});

it('refuses a changed body', async () => {
  const request = await sign();
  expect(await send(world.kms, { ...request, body: JSON.stringify({ ...fields, GrantTokens: [] }) })).toMatchObject({
    type: 'InvalidSignatureException',
  });
});

it('refuses a changed query', async () => {
  const request = await sign();
  expect(await send(world.kms, { ...request, path: '/?x=y' })).toMatchObject({ type: 'InvalidSignatureException' });
});

it('refuses a wrong secret and an unknown access key', async () => {
  expect(await send(world.kms, await sign({}, { ...callers.parent, secretAccessKey: 'x' }))).toMatchObject({
    type: 'InvalidSignatureException',
  });
  expect(await send(world.kms, await sign({}, { ...callers.parent, accessKeyId: 'ASIANOBODY' }))).toMatchObject({
    type: 'UnrecognizedClientException',
  });
});

it('allows clocks to differ by five minutes, and explains a larger difference', async () => {
  const at = (offsetMs: number) => sign({ at: new Date(nowMs + offsetMs) }).then((request) => send(world.kms, request));
  for (const offsetMs of [-300_000, 300_000]) expect((await at(offsetMs)).status).toBe(200);
  const late = await at(-301_000);
  expect(late.type).toBe('InvalidSignatureException');
  expect(late.body).toContain(
    'Signature expired: 20260304T115459Z is now earlier than 20260304T115500Z (20260304T120000Z - 5 min.)',
  );
  const early = await at(301_000);
  expect(early.type).toBe('InvalidSignatureException');
  expect(early.body).toContain(
    'Signature not yet current: 20260304T120501Z is still later than 20260304T120500Z (20260304T120000Z + 5 min.)',
  );
  expect(late.headers['date']).toBe('Wed, 04 Mar 2026 12:00:00 GMT');
});

it('refuses credentials that have expired or were revoked', async () => {
  const passing = { ...callers.stranger, accessKeyId: 'ASIAPASSING', expiresAtMs: nowMs + 60_000 };
  world.kms.setCredentials(passing);
  expect((await send(world.kms, await sign({}, passing))).status).toBe(200);
  nowMs += 60_000;
  expect(await send(world.kms, await sign({}, passing))).toMatchObject({ status: 400, type: 'ExpiredTokenException' });
  world.kms.setCredentials({ ...passing, expiresAtMs: nowMs + 60_000 });
  expect((await send(world.kms, await sign({}, passing))).status).toBe(200);
  world.kms.removeCredentials(passing.accessKeyId);
  expect(await send(world.kms, await sign({}, passing))).toMatchObject({ type: 'UnrecognizedClientException' });
});

it('answers with its time, so that the SDK corrects its clock and retries', async () => {
  // The machine's clock is months away from the simulator's
  const client = world.client(callers.parent, { maxAttempts: 2 });
  await expect(client.send(new ListKeysCommand())).rejects.toMatchObject({ name: 'UnknownOperationException' });
  const { DescribeKeyCommand } = await import('@aws-sdk/client-kms');
  await expect(client.send(new DescribeKeyCommand(fields))).resolves.toMatchObject({
    KeyMetadata: { KeyState: 'Enabled' },
  });
});
