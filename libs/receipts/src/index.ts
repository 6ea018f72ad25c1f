/**
 * The documents that enclaves sign: receipts and usage statements. Anyone can verify them, also in a browser. The enclave makes them with
 * the entry `/node`.
 */
export * from './errors';
export { commitToOffice, matchAnswer } from './offices';
export { RECEIPT_ALGORITHM, type SignerPolicy, type VerifiedStatement } from './signed-by-enclave';
export {
  messageNamedBy,
  verifyReceipt,
  verifyReceiptSignature,
  type ReceiptPolicy,
  type VerifiedReceipt,
} from './verify-receipt';
export {
  checkUsageStatement,
  verifyUsageStatement,
  verifyUsageStatementSignature,
  type ExpectedAttempt,
} from './verify-usage-statement';
