import { openAnswer, type AnswerKey } from '@communique-tee/crypto/browser';
import { verifyEnclave } from '@communique-tee/enclave-identity/browser';
import {
  decodeAnswer,
  decodeSealedAnswer,
  fromBase64Url,
  type Answer,
  type MessageView,
  type SealedHeader,
} from '@communique-tee/protocol';
import { ReceiptError, matchAnswer, verifyReceipt, type VerifiedReceipt } from '@communique-tee/receipts';
import { isSameKey, type TrustPolicy } from './enclave-key';
import { ClientError } from './errors';

/** The parts of a sealed message that are needed to verify its receipt and to open its answer. A PreparedMessage has them. */
export interface Followed {
  /** A UUID. */
  readonly id: string;
  readonly message: SealedHeader;
  /** SHA-256 of the sealed message without its proof of residence, 32 bytes. */
  readonly sealedSha256: Uint8Array;
  /** 32 bytes. */
  readonly answerKey: AnswerKey;
  /** For a message with a proof of residence. The 32 bytes give access to its status without a token. */
  readonly proven?: { readonly statusSecret: Uint8Array };
}

export interface VerifiedResult {
  receipt: VerifiedReceipt;
  answer: Answer;
}

/**
 * Verifies the receipt of a message, opens its answer, and checks that both agree.
 * @throws ReceiptError, CryptoError or ProtocolError, each with a `code`. ClientError `answer_invalid` if the gateway has no receipt or answer
 */
export async function verifyResult(
  view: MessageView,
  followed: Followed,
  policy: TrustPolicy,
): Promise<VerifiedResult> {
  if (view.receipt === null || view.sealedAnswer === null)
    throw new ClientError('answer_invalid', 'there is no receipt for this message');
  const { maxAgeMs: _atItsOwnTime, ...trust } = policy;
  const receipt = await verifyReceipt(view.receipt, {
    ...trust,
    verifyEnclave,
    messageId: followed.id,
    sealedSha256: followed.sealedSha256,
  });
  // An enclave may have several keys. The document must name the key to which this message was sealed.
  if (!isSameKey(receipt.enclave, followed.message))
    throw new ReceiptError('ERR_RECEIPT_KEY_BINDING', 'the attestation document is for another sealing key');
  const sealedAnswer = decodeSealedAnswer(fromBase64Url(view.sealedAnswer));
  const answer = decodeAnswer(openAnswer(followed.answerKey, followed.message, sealedAnswer));
  matchAnswer(receipt.claims, answer);
  return { receipt, answer };
}
