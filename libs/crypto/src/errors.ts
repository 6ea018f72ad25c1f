export type CryptoErrorCode =
  /**
   * A sealed message or answer cannot be opened: its key, associated data, length or tag is wrong. The code does not tell which, so that an
   * attacker learns nothing from it.
   */
  | 'ERR_CRYPTO_OPEN'
  /** The recipient's key is not 32 bytes, or the exchange with it gives the all-zero secret (RFC 9180 section 7.1.4). */
  | 'ERR_CRYPTO_PUBLIC_KEY'
  /** The text is longer than the largest size bucket allows (262,140 bytes; 32,764 for a task; 16,380 for the answer to a task). */
  | 'ERR_CRYPTO_TOO_LARGE';

export class CryptoError extends Error {
  override readonly name = 'CryptoError';

  constructor(readonly code: CryptoErrorCode) {
    super(MESSAGES[code]);
  }
}

const MESSAGES: Record<CryptoErrorCode, string> = {
  ERR_CRYPTO_OPEN: 'The sealed bytes cannot be opened.',
  ERR_CRYPTO_PUBLIC_KEY: 'The public key is not usable for sealing.',
  ERR_CRYPTO_TOO_LARGE: 'The text is too long to be sealed.',
};
