import { verifyAttestation } from '@communique-tee/attestation/browser';
import { openAnswer } from '@communique-tee/crypto/browser';
import { decodeAnswer, decodeSealedAnswer, fromBase64Url, type Answer, type MessageView } from '@communique-tee/protocol';
import { matchAnswer, verifyReceipt, type VerifiedReceipt } from '@communique-tee/receipts';
import type { TrustPolicy } from './enclave-key';
import { ClientError } from './errors';
import type { PreparedMessage } from './prepare';

export interface VerifiedResult {
  receipt: VerifiedReceipt;
  /** Only the sender can open it. */
  answer: Answer;
}

/**
 * Verifies the receipt of a message, opens the answer to it, and checks that both tell the same.
 * @throws ReceiptError, CryptoError by code; ClientError `ERR_CLIENT_ANSWER` where the gateway has no receipt or answer
 */
export async function verifyResult(view: MessageView, prepared: PreparedMessage, policy: TrustPolicy): Promise<VerifiedResult> {
  if (view.receipt === null || view.sealedAnswer === null) throw new ClientError('ERR_CLIENT_ANSWER', 'there is no receipt for this message');
  const receipt = await verifyReceipt(view.receipt, {
    verifyAttestation,
    acceptedMeasurements: policy.acceptedMeasurements,
    messageId: prepared.id,
    sealedSha256: prepared.sealedSha256,
    ...(policy.trustAnchor && { trustAnchor: policy.trustAnchor }),
  });
  const sealedAnswer = decodeSealedAnswer(fromBase64Url(view.sealedAnswer));
  const answer = decodeAnswer(openAnswer(prepared.answerKey, prepared.message, sealedAnswer));
  matchAnswer(receipt.claims, answer);
  return { receipt, answer };
}
