import { refusalOf } from './refusal';

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const meant = (status: number, value: unknown, header?: string) => {
  const { code, retryable, awsType } = refusalOf(status, header, bytes(value));
  return [code, retryable, awsType];
};

it.each([
  ['AccessDeniedException', 400, 'kms_denied', false],
  ['ThrottlingException', 400, 'kms_throttled', true],
  ['LimitExceededException', 400, 'kms_throttled', true],
  ['KMSInternalException', 500, 'kms_failed', true],
  ['DependencyTimeoutException', 500, 'kms_failed', true],
  ['ServiceUnavailable', 503, 'kms_failed', true],
  ['ValidationException', 400, 'kms_failed', false],
  ['ExpiredTokenException', 400, 'kms_credentials', false],
  ['UnrecognizedClientException', 400, 'kms_credentials', false],
  ['InvalidClientTokenId', 403, 'kms_credentials', false],
  ['IncompleteSignatureException', 400, 'kms_credentials', false],
  ['MissingAuthenticationTokenException', 400, 'kms_credentials', false],
  ['SignatureDoesNotMatch', 403, 'kms_credentials', false],
  ['RequestTimeTooSkewed', 403, 'kms_clock', false],
  ['NotFoundException', 400, 'kms_key_unusable', false],
  ['DisabledException', 400, 'kms_key_unusable', false],
  ['KMSInvalidStateException', 400, 'kms_key_unusable', false],
  ['KeyUnavailableException', 500, 'kms_key_unusable', true],
  ['InvalidCiphertextException', 400, 'kms_ciphertext_invalid', false],
  ['IncorrectKeyException', 400, 'kms_ciphertext_invalid', false],
])('%s (%d) means %s; retryable: %s', (type, status, code, retryable) => {
  expect(meant(status, { __type: type })).toEqual([code, retryable, type]);
  expect(meant(status, { __type: `com.amazonaws.kms#${type}`, Message: 'x' })).toEqual([code, retryable, type]);
  expect(meant(status, 'no JSON', `${type}:http://internal.amazon.com/coral/com.amazonaws.kms/`)).toEqual([
    code,
    retryable,
    type,
  ]);
});

it.each([
  [
    'InvalidSignatureException',
    'Signature expired: 20261122T150405Z is now earlier than 20261122T150906Z (20261122T151406Z - 5 min.)',
    'kms_clock',
  ],
  [
    'InvalidSignatureException',
    'Signature not yet current: 20261122T150405Z is still later than 20261122T145904Z',
    'kms_clock',
  ],
  ['SignatureDoesNotMatch', 'Signature expired: 20261122T150405Z', 'kms_clock'],
  [
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided.',
    'kms_credentials',
  ],
  ['AccessDeniedException', 'Signature expired: says somebody', 'kms_denied'],
])('%s, "%s" means %s', (type, message, code) => {
  expect(refusalOf(400, undefined, bytes({ __type: type, message })).code).toBe(code);
  expect(refusalOf(400, undefined, bytes({ __type: type, Message: message })).code).toBe(code);
});

it.each([
  [400, 'kms_failed', false],
  [301, 'kms_failed', false],
  [429, 'kms_throttled', true],
  [500, 'kms_failed', true],
  [503, 'kms_failed', true],
])('decides by the status %d if the error’s name is unknown or absent', (status, code, retryable) => {
  const deep = '['.repeat(20_000);
  for (const body of [
    '',
    '<html>',
    '{"__type":',
    'null',
    '[]',
    '{}',
    '{"__type":7}',
    '{"__type":"constructor"}',
    '{"__type":"__proto__"}',
    '{"__type":"#"}',
    '{"__type":"NewException"}',
    deep,
    '\ud800',
  ]) {
    expect([body.slice(0, 20), ...meant(status, body)]).toEqual([body.slice(0, 20), code, retryable, undefined]);
  }
});

it("repeats no part of AWS's text, and no unknown name", () => {
  const secret = 'arn:aws:sts::111122223333:assumed-role/parent/i-0123';
  for (const type of ['AccessDeniedException', `Odd${secret}`]) {
    const error = refusalOf(
      400,
      undefined,
      bytes({ __type: type, message: `User: ${secret} is not authorized`, Message: secret }),
    );
    expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).not.toContain('111122223333');
  }
});
