import { openAnswer } from '@communique-tee/crypto/browser';
import { verifyEnclave } from '@communique-tee/enclave-identity/browser';
import {
  decodeAnswer,
  decodeSealedAnswer,
  fromBase64Url,
  type Answer,
  type MessageView,
} from '@communique-tee/protocol';
import { ReceiptError, matchAnswer, verifyReceipt, type VerifiedReceipt } from '@communique-tee/receipts';
import { isSameKey, type TrustPolicy } from './enclave-key';
import { ClientError } from './errors';
import type { PreparedMessage } from './prepare';

export interface VerifiedResult {
  receipt: VerifiedReceipt;
  /** Only the sender can open it. */
  answer: Answer;
}

/**
 * Verifies the receipt of a message, opens the answer to it, and checks that both tell the same.
 * @throws ReceiptError, CryptoError by code; ClientError `answer_invalid` where the gateway has no receipt or answer
 */
export async function verifyResult(
  view: MessageView,
  prepared: PreparedMessage,
  policy: TrustPolicy,
): Promise<VerifiedResult> {
  if (view.receipt === null || view.sealedAnswer === null)
    throw new ClientError('answer_invalid', 'there is no receipt for this message');
  const { maxAgeMs: _atItsOwnTime, ...trust } = policy;
  const receipt = await verifyReceipt(view.receipt, {
    ...trust,
    verifyEnclave,
    messageId: prepared.id,
    sealedSha256: prepared.sealedSha256,
  });
  // An enclave may hold several keys: the document has to be that of the key that this message was sealed to.
  if (!isSameKey(receipt.enclave, prepared.message))
    throw new ReceiptError('ERR_RECEIPT_KEY_BINDING', 'the attestation document is for another sealing key');
  const sealedAnswer = decodeSealedAnswer(fromBase64Url(view.sealedAnswer));
  const answer = decodeAnswer(openAnswer(prepared.answerKey, prepared.message, sealedAnswer));
  matchAnswer(receipt.claims, answer);
  return { receipt, answer };
}
