/** Receipts: made by the enclave, verified by anyone. Runs in a browser. */
export * from './errors';
export { commitToOffice, matchAnswer } from './offices';
export { RECEIPT_ALGORITHM, signReceipt } from './sign-receipt';
export {
  messageNamedBy,
  verifyReceipt,
  verifyReceiptSignature,
  type ReceiptPolicy,
  type VerifiedReceipt,
} from './verify-receipt';
