export type ReceiptErrorCode =
  /** Not a receipt: shape, size, JWS header or claims. */
  | 'ERR_RECEIPT_MALFORMED'
  /**
   * The carried attestation document differs from the one that the receipt names, or does not verify; see `cause`.
   */
  | 'ERR_RECEIPT_ATTESTATION'
  /** The document binds no receipt key, names another sealing key, or has its keys in a custody that is not accepted; see `cause`. */
  | 'ERR_RECEIPT_KEY_BINDING'
  /** The signature does not fit the attested receipt key. */
  | 'ERR_RECEIPT_SIGNATURE'
  /** Signed by an enclave of another measurement than the receipt names. */
  | 'ERR_RECEIPT_MEASUREMENT'
  /** The receipt's time lies outside the validity of the certificate that vouches for its key. */
  | 'ERR_RECEIPT_TIME'
  /** A receipt for another message, or for other sealed bytes. */
  | 'ERR_RECEIPT_OTHER_MESSAGE'
  /** The answer's offices, salts or outcomes do not open the receipt's commitments. */
  | 'ERR_RECEIPT_ANSWER';

/** The faults of a usage statement, in addition to the first six of a receipt. */
export type StatementErrorCode =
  /** The statement is about another request or attempt, or about another model than the configured one. */
  | 'ERR_STATEMENT_OTHER_REQUEST'
  /** Under a price table that the caller does not have. */
  | 'ERR_STATEMENT_PRICES'
  /** Its cost does not match the price of the usage that it states. */
  | 'ERR_STATEMENT_COST';

export class ReceiptError extends Error {
  override readonly name = 'ReceiptError';

  constructor(
    readonly code: ReceiptErrorCode | StatementErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
