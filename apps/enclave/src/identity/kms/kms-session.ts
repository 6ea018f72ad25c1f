import { KmsError, type KmsClient, type KmsCredentials, type KmsErrorCode } from '@communique-tee/kms';
import { NsmError } from '@communique-tee/nsm';

/** Why KMS failed, or the NSM whose document KMS requires. */
export type KmsFailure = KmsErrorCode | 'nsm_failed';

export class KmsUnavailableError extends Error {
  override readonly name = 'KmsUnavailableError';
  constructor(readonly code: KmsFailure) {
    super(code);
  }
}

/** The code about one ciphertext only; every other code also applies to the next ciphertext. */
const OF_ONE_CIPHERTEXT: KmsFailure = 'kms_ciphertext_invalid';
/** Codes about one KMS key or one ciphertext; another KMS key may still work. */
const OF_ONE_KEY: readonly KmsFailure[] = ['kms_denied', 'kms_key_unusable', OF_ONE_CIPHERTEXT];

export interface KmsAuthorization {
  credentials: KmsCredentials | null;
  signal: AbortSignal;
}

/**
 * Sends the requests of one offer to one KMS key, with the offer's credentials and until the offer's deadline. After a failure that is not
 * about one ciphertext, it sends no further request, so that KMS fails once for an offer of many ciphertexts. The failure of `before`, an
 * earlier session of the same offer, counts as well, unless it concerns only that session's KMS key.
 */
export class KmsSession {
  private failure: KmsFailure | null;

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
