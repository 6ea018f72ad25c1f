import { KmsError, type KmsClient, type KmsCredentials, type KmsErrorCode } from '@communique-tee/kms';
import { NsmError } from '@communique-tee/nsm';

/** Why KMS failed. `nsm_failed`: the NSM did not make the document that KMS requires. */
export type KmsFailure = KmsErrorCode | 'nsm_failed';

export class KmsUnavailableError extends Error {
  override readonly name = 'KmsUnavailableError';
  constructor(readonly code: KmsFailure) {
    super(code);
  }
}

/** Only this code concerns a single ciphertext. */
const OF_ONE_CIPHERTEXT: KmsFailure = 'kms_ciphertext_invalid';
/** After these codes another KMS key may still work. */
const OF_ONE_KEY: readonly KmsFailure[] = ['kms_denied', 'kms_key_unusable', OF_ONE_CIPHERTEXT];

export interface KmsAuthorization {
  credentials: KmsCredentials | null;
  signal: AbortSignal;
}

/**
 * Sends the requests of one offer to one KMS key. After a failure it sends no further request, unless the failure concerned a single
 * ciphertext.
 */
export class KmsSession {
  private failure: KmsFailure | null;

  /** @param before an earlier session of the same offer. Its failure counts here too, unless it concerned only its KMS key. */
  constructor(
    private readonly kms: KmsClient,
    private readonly authorization: KmsAuthorization,
    before?: KmsSession,
  ) {
    const failed = before?.code ?? null;
    this.failure = failed !== null && OF_ONE_KEY.includes(failed) ? null : failed;
  }

  /** Why KMS failed; null if it worked, got no request, or only refused single ciphertexts. */
  get code(): KmsFailure | null {
    return this.failure;
  }

  /** @throws KmsUnavailableError */
  async ask<Answer>(call: (kms: KmsClient, authorization: KmsAuthorization) => Promise<Answer>): Promise<Answer> {
    if (this.failure !== null) throw new KmsUnavailableError(this.failure);
    try {
      return await call(this.kms, this.authorization);
    } catch (error) {
      const code = this.codeOf(error);
      if (code !== OF_ONE_CIPHERTEXT) this.failure = code;
      throw new KmsUnavailableError(code);
    }
  }

  private codeOf(error: unknown): KmsFailure {
    if (error instanceof KmsError) return error.code;
    if (error instanceof NsmError) return 'nsm_failed';
    if (this.authorization.signal.aborted) return 'kms_timeout';
    throw error;
  }
}
