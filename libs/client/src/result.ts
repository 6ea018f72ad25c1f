import { verifyAttestation } from '@communique-tee/attestation/browser';
import { openAnswer } from '@communique-tee/crypto/browser';
import {
  decodeAnswer,
  decodeKeyBinding,
  decodeSealedAnswer,
  fromBase64Url,
  toHex,
  type Answer,
  type KeyBinding,
  type MessageView,
} from '@communique-tee/protocol';
import { ReceiptError, matchAnswer, verifyReceipt, type VerifiedReceipt } from '@communique-tee/receipts';
import { checkCustody, type TrustPolicy } from './enclave-key';
import { ClientError } from './errors';
import type { PreparedMessage } from './prepare';

export interface VerifiedResult {
  receipt: VerifiedReceipt;
  /** Only the sender can open it. */
  answer: Answer;
  /** As the receipt's document says it. */
  custody: string;
}

/**
 * Verifies the receipt of a message, opens the answer to it, and checks that both tell the same.
 * @throws ReceiptError, CryptoError by code; ClientError `answer_invalid` where the gateway has no receipt or answer, `custody_refused`
 */
export async function verifyResult(
  view: MessageView,
  prepared: PreparedMessage,
  policy: TrustPolicy,
): Promise<VerifiedResult> {
  if (view.receipt === null || view.sealedAnswer === null)
    throw new ClientError('answer_invalid', 'there is no receipt for this message');
  const receipt = await verifyReceipt(view.receipt, {
    verifyAttestation,
    acceptedMeasurements: policy.acceptedMeasurements,
    messageId: prepared.id,
    sealedSha256: prepared.sealedSha256,
    ...(policy.trustAnchor && { trustAnchor: policy.trustAnchor }),
  });
  // An enclave may hold several keys: the document has to be that of the key that this message was sealed to.
  const { keyId, custody } = bindingOf(receipt);
  if (toHex(keyId) !== toHex(prepared.message.keyId))
    throw new ReceiptError('ERR_RECEIPT_KEY_BINDING', 'the attestation document is for another sealing key');
  checkCustody(custody, policy);
  const sealedAnswer = decodeSealedAnswer(fromBase64Url(view.sealedAnswer));
  const answer = decodeAnswer(openAnswer(prepared.answerKey, prepared.message, sealedAnswer));
  matchAnswer(receipt.claims, answer);
  return { receipt, answer, custody };
}

/** verifyReceipt has read it before. */
function bindingOf({ attestation }: VerifiedReceipt): KeyBinding {
  return decodeKeyBinding(attestation.userData ?? new Uint8Array());
}
