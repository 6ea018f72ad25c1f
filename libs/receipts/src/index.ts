/**
 * Verifies what enclaves sign: receipts and usage statements. It runs in Node and in browsers. The entry `/node` makes them.
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
