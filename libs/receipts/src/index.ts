/**
 * The documents that enclaves sign: receipts and usage statements. Made by the enclave, verified by anyone. Runs in a
 * browser.
 */
export * from './errors';
export { commitToOffice, matchAnswer } from './offices';
export { signReceipt, signUsageStatement } from './sign';
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
