import type { TrustAnchor } from '@communique-tee/attestation';
import type { PreparedMessage } from '@communique-tee/client';
import { openAnswer } from '@communique-tee/crypto';
import { verifyEnclave, type EnclavePolicy } from '@communique-tee/enclave-identity';
import { developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import {
  decodeAnswer,
  decodeRelayAnswer,
  decodeSealedAnswer,
  type Answer,
  type RelayAnswer,
} from '@communique-tee/protocol';
import { matchAnswer, verifyReceipt, type VerifiedReceipt } from '@communique-tee/receipts';

export interface Relayed {
  answer: RelayAnswer;
  opened: Answer;
  receipt: VerifiedReceipt;
}

/** Reads an answer of `POST /messages` as the sender does: verifies the receipt, opens the answer, and compares both. */
export async function readRelayed(
  response: Response,
  prepared: PreparedMessage,
  trustAnchor: TrustAnchor,
  acceptedMeasurements: EnclavePolicy['acceptedMeasurements'] = [developmentMeasurements],
): Promise<Relayed> {
  if (!response.ok) throw new Error(`relay: ${String(response.status)} ${await response.text()}`);
  const answer = decodeRelayAnswer(new Uint8Array(await response.arrayBuffer()));
  const receipt = await verifyReceipt(
    { receipt: answer.receipt, attestation_document: Buffer.from(answer.attestationDocument).toString('base64') },
    {
      verifyEnclave,
      acceptedMeasurements,
      trustAnchor,
      messageId: prepared.id,
      sealedSha256: prepared.sealedSha256,
    },
  );
  const opened = decodeAnswer(openAnswer(prepared.answerKey, prepared.message, decodeSealedAnswer(answer.answer)));
  matchAnswer(receipt.claims, opened);
  return { answer, opened, receipt };
}
