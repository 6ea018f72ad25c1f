/**
 * Why a call to KMS failed:
 * - `kms_unreachable`: no connection, TLS refused, or connection cut; retried
 * - `kms_timeout`: no try got a complete answer in time; retried
 * - `kms_denied`: the key's policy refused: another image, a debug enclave, a wrong encryption context or no permission
 * - `kms_throttled`: too many requests; retried
 * - `kms_failed`: KMS failed (retried if the status is 5xx), or refused for a reason that has no code here
 * - `kms_answer_invalid`: the answer does not have the form of KMS's answer to an attested request
 * - `kms_credentials`: the credentials are missing, expired, or unknown to AWS
 * - `kms_key_unusable`: the key does not exist, is disabled, is being deleted or is temporarily unavailable (only this is retried); or the
 *   key id is not the ARN of an alias in the region
 * - `kms_ciphertext_invalid`: not a ciphertext of this key under this encryption context
 * - `kms_clock`: AWS's clock and this machine's clock disagree
 */
export type KmsErrorCode =
  | 'kms_unreachable'
  | 'kms_timeout'
  | 'kms_denied'
  | 'kms_throttled'
  | 'kms_failed'
  | 'kms_answer_invalid'
  | 'kms_credentials'
  | 'kms_key_unusable'
  | 'kms_ciphertext_invalid'
  | 'kms_clock';

export interface KmsErrorDetails {
  /** AWS's name of the error, if refusal.ts lists it. AWS's text is never kept, because it names principals and keys. */
  awsType?: string | undefined;
  status?: number | undefined;
  retryable?: boolean;
  cause?: unknown;
}

/** The message has only the code, AWS's name of the error and the status. */
export class KmsError extends Error {
  override readonly name = 'KmsError';
  readonly awsType: string | undefined;
  readonly status: number | undefined;
  /** Whether another try may succeed. The client has already made every try that fits into its deadline. */
  readonly retryable: boolean;

  constructor(
    readonly code: KmsErrorCode,
    what: string,
    { awsType, status, retryable = false, cause }: KmsErrorDetails = {},
  ) {
    super(`${code}: ${what}`, cause === undefined ? undefined : { cause });
    this.awsType = awsType;
    this.status = status;
    this.retryable = retryable;
  }
}
