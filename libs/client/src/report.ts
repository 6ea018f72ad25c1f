import { messageIdToText, type MessageStatus, type MessageView, type Outcome } from '@communique-tee/protocol';
import type { VerifiedReport } from './api';
import type { TrustPolicy } from './enclave-key';
import { ClientError } from './errors';
import { verifyResult, type Followed } from './result';

/**
 * Verifies the enclave's report, and compares it with the sent message and with the gateway's status. Returns null if
 * there is no report yet.
 * @param offices the offices of the sealed message. Null if only the enclave's answer names them.
 * @throws ReceiptError, CryptoError, ProtocolError; ClientError `receipt_refused`
 */
export async function verifyReport(
  view: MessageView,
  followed: Followed,
  offices: readonly string[] | null,
  policy: TrustPolicy,
): Promise<VerifiedReport | null> {
  if (view.receipt === null || view.sealedAnswer === null) {
    if (view.receipt !== null || view.sealedAnswer !== null)
      throw refused('half_a_report', 'the gateway gave a receipt without an answer, or an answer without a receipt');
    if (view.status === 'delivered' || view.status === 'partially_delivered')
      throw refused('receipt_missing', 'the status is delivered, but there is no receipt');
    return null;
  }
  const { receipt, answer } = await verifyResult(view, followed, policy);
  if (messageIdToText(answer.messageId) !== followed.id || answer.time !== receipt.claims.time)
    throw refused('answer_differs', 'the answer belongs to another receipt');
  const told = answer.offices.map(({ office }) => office);
  // If the enclave could not read the whole message, the answer has only the offices that it could read.
  const isWhole = told.length === (offices ?? told).length || answer.problems.length > 0;
  if (!isWhole || new Set(told).size !== told.length || !told.every((office) => (offices ?? told).includes(office)))
    throw refused('offices_differ', 'the offices are not those of the message');
  if (
    contradicts(
      view.status,
      answer.offices.map(({ outcome }) => outcome),
    )
  )
    throw refused('status_contradicts_receipt', 'the status contradicts the receipt');
  return {
    timeSeconds: receipt.claims.time,
    pcr0: receipt.claims.pcr0,
    custody: receipt.enclave.custody,
    offices: answer.offices.map(({ salt: _salt, ...office }) => office),
    problems: answer.problems,
    receipt: view.receipt,
  };
}

/** Whether the gateway's status contradicts the signed outcomes. A message may end with only an interim receipt. */
function contradicts(status: MessageStatus, outcomes: readonly Outcome[]): boolean {
  const arrived = outcomes.filter((outcome) => outcome === 'accepted' || outcome === 'duplicate').length;
  switch (status) {
    case 'delivered':
      return outcomes.length === 0 || arrived !== outcomes.length;
    case 'partially_delivered':
      return arrived === 0 || arrived === outcomes.length;
    case 'refused':
    case 'key_retired':
      return arrived > 0;
    case 'unknown':
    case 'expired':
      return outcomes.length > 0 && arrived === outcomes.length;
    default:
      return false;
  }
}

function refused(reason: string, message: string): ClientError {
  return new ClientError('receipt_refused', message, { reason });
}
