export type ReceiptErrorCode =
  /** The shape, size, JWS header or claims are not those of a receipt. */
  | 'ERR_RECEIPT_MALFORMED'
  /** The attestation document does not verify (see `cause`), or is not the document that the receipt names. */
  | 'ERR_RECEIPT_ATTESTATION'
  /** The document binds no receipt key, names another sealing key, or has a custody that is not accepted. See `cause`. */
  | 'ERR_RECEIPT_KEY_BINDING'
  /** The attested receipt key did not make the signature. */
  | 'ERR_RECEIPT_SIGNATURE'
  /** The receipt names another measurement than its document. */
  | 'ERR_RECEIPT_MEASUREMENT'
  /** The receipt's time is outside the validity of the certificate that signed its document. */
  | 'ERR_RECEIPT_TIME'
  /** The receipt is for another message, or for other sealed bytes. */
  | 'ERR_RECEIPT_OTHER_MESSAGE'
  /** The answer's offices, salts or outcomes do not open the receipt's commitments. */
  | 'ERR_RECEIPT_ANSWER';

/** Faults of a usage statement only. A statement can also have the faults from `ERR_RECEIPT_MALFORMED` to `ERR_RECEIPT_TIME`. */
export type StatementErrorCode =
  /** The statement is about another request or attempt, or about another model than the configured one. */
  | 'ERR_STATEMENT_OTHER_REQUEST'
  /** The statement names a price table that the caller does not have, or the table has no price for its model. */
  | 'ERR_STATEMENT_PRICES'
  /** The cost does not match the price of the stated usage. */
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
