import { decodeJson } from '@communique-tee/protocol';
import * as z from 'zod';
import { KmsError, type KmsErrorCode } from './errors';

interface Meaning {
  code: KmsErrorCode;
  retryable?: true;
}

/**
 * The errors of GenerateDataKey and Decrypt, and those of every action (AWS KMS API Reference, "Common Errors"). AWS uses some names both
 * with and without `Exception` at the end. An error with another name becomes `kms_failed`, or `kms_throttled` for status 429.
 */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  AccessDenied: { code: 'kms_denied' },
  AccessDeniedException: { code: 'kms_denied' },

  Throttling: { code: 'kms_throttled', retryable: true },
  ThrottlingException: { code: 'kms_throttled', retryable: true },
  LimitExceededException: { code: 'kms_throttled', retryable: true },
  RequestLimitExceeded: { code: 'kms_throttled', retryable: true },
  TooManyRequestsException: { code: 'kms_throttled', retryable: true },

  KMSInternalException: { code: 'kms_failed', retryable: true },
  DependencyTimeoutException: { code: 'kms_failed', retryable: true },
  InternalFailure: { code: 'kms_failed', retryable: true },
  InternalServerError: { code: 'kms_failed', retryable: true },
  ServiceUnavailable: { code: 'kms_failed', retryable: true },
  ServiceUnavailableException: { code: 'kms_failed', retryable: true },
  DryRunOperationException: { code: 'kms_failed' },
  InvalidGrantTokenException: { code: 'kms_failed' },
  UnsupportedOperationException: { code: 'kms_failed' },
  ValidationException: { code: 'kms_failed' },
  ValidationError: { code: 'kms_failed' },
  SerializationException: { code: 'kms_failed' },
  UnknownOperationException: { code: 'kms_failed' },

  ExpiredToken: { code: 'kms_credentials' },
  ExpiredTokenException: { code: 'kms_credentials' },
  IncompleteSignature: { code: 'kms_credentials' },
  IncompleteSignatureException: { code: 'kms_credentials' },
  InvalidClientTokenId: { code: 'kms_credentials' },
  InvalidSignatureException: { code: 'kms_credentials' },
  MissingAuthenticationToken: { code: 'kms_credentials' },
  MissingAuthenticationTokenException: { code: 'kms_credentials' },
  NotAuthorized: { code: 'kms_credentials' },
  OptInRequired: { code: 'kms_credentials' },
  SignatureDoesNotMatch: { code: 'kms_credentials' },
  UnrecognizedClientException: { code: 'kms_credentials' },

  RequestExpired: { code: 'kms_clock' },
  RequestInTheFuture: { code: 'kms_clock' },
  RequestTimeTooSkewed: { code: 'kms_clock' },

  NotFoundException: { code: 'kms_key_unusable' },
  DisabledException: { code: 'kms_key_unusable' },
  InvalidArnException: { code: 'kms_key_unusable' },
  InvalidKeyUsageException: { code: 'kms_key_unusable' },
  KMSInvalidStateException: { code: 'kms_key_unusable' },
  // AWS sends this with HTTP 500 and documents: "you can retry the request".
  KeyUnavailableException: { code: 'kms_key_unusable', retryable: true },

  IncorrectKeyException: { code: 'kms_ciphertext_invalid' },
  InvalidCiphertextException: { code: 'kms_ciphertext_invalid' },
};

/** AWS uses these names for a wrong secret and for a wrong clock. Only the text of the message tells the two causes apart. */
const SIGNATURE_ERRORS = new Set(['InvalidSignatureException', 'SignatureDoesNotMatch']);
const CLOCK_TEXT = /^Signature (?:expired|not yet current)\b/;

const refusalSchema = z.object({
  __type: z.string().max(256),
  message: z.string().optional(),
  Message: z.string().optional(),
});

/**
 * Returns the error for an answer other than 200. In AWS JSON 1.1 `__type` has the error's name, sometimes after a namespace and `#`. If the
 * body cannot be read, the name comes from the header `x-amzn-errortype`, where `:` and a URI may follow it.
 */
export function refusalOf(status: number, errorTypeHeader: string | undefined, body: Uint8Array): KmsError {
  const refusal = readRefusal(body);
  const named = (refusal?.__type ?? errorTypeHeader ?? '').split(':')[0]?.split('#').at(-1) ?? '';
  const meaning = Object.hasOwn(MEANINGS, named) ? MEANINGS[named] : undefined;
  if (meaning === undefined) {
    if (status === 429) return new KmsError('kms_throttled', 'status 429', { status, retryable: true });
    return new KmsError('kms_failed', `status ${status}, an error of no known name`, {
      status,
      retryable: status >= 500,
    });
  }
  const isClock = SIGNATURE_ERRORS.has(named) && CLOCK_TEXT.test(refusal?.message ?? refusal?.Message ?? '');
  return new KmsError(isClock ? 'kms_clock' : meaning.code, `status ${status}, ${named}`, {
    status,
    awsType: named,
    retryable: meaning.retryable ?? false,
  });
}

function readRefusal(body: Uint8Array): z.infer<typeof refusalSchema> | undefined {
  try {
    return refusalSchema.safeParse(decodeJson(body)).data;
  } catch {
    return undefined; // for example a proxy's page, of which only the status counts
  }
}
