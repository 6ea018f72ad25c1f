export type CryptoErrorCode =
  /**
   * Any fault of a sealed message or answer: key, associated data, length or tag. All share one code, so that the code
   * reveals nothing.
   */
  | 'ERR_CRYPTO_OPEN'
  /** The recipient's key is not 32 bytes, or its exchange gives the all-zero secret (RFC 9180 section 7.1.4). */
  | 'ERR_CRYPTO_PUBLIC_KEY'
  /** More than the largest size bucket holds (262,140 bytes). */
  | 'ERR_CRYPTO_TOO_LARGE';

export class CryptoError extends Error {
  override readonly name = 'CryptoError';

  constructor(readonly code: CryptoErrorCode) {
    super(MESSAGES[code]);
  }
}

const MESSAGES: Record<CryptoErrorCode, string> = {
  ERR_CRYPTO_OPEN: 'The sealed bytes cannot be opened.',
  ERR_CRYPTO_PUBLIC_KEY: 'The public key cannot be sealed to.',
  ERR_CRYPTO_TOO_LARGE: 'The text is too long to be sealed.',
};
