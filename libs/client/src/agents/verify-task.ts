import { PRICE_TABLE, priceTableSha256 } from '@communique-tee/agents';
import { openTaskAnswer } from '@communique-tee/crypto/browser';
import { verifyEnclave } from '@communique-tee/enclave-identity/browser';
import {
  decodeAgentAnswer,
  decodeSealedAnswer,
  isProviderFailure,
  toBase64,
  toHex,
  type AgentAnswer,
  type AgentEnd,
  type AgentOutcome,
} from '@communique-tee/protocol';
import { ReceiptError, verifyUsageStatement } from '@communique-tee/receipts';
import type { TaskResult } from '../api';
import { isSameKey, type TrustPolicy } from '../enclave-key';
import { ClientError } from '../errors';
import type { PostedTask } from './post-task';
import type { PreparedTask } from './prepare-task';

/**
 * For each outcome in the sealed answer, the ends that the usage statement may have. `provider_failed` also allows every provider failure.
 * If an answer and a statement do not match, they are from different attempts.
 */
const ENDS: Readonly<Record<AgentOutcome, readonly AgentEnd[]>> = {
  complete: ['complete', 'tier_mismatch'],
  cut: ['cut', 'tier_mismatch'],
  empty: ['empty', 'tier_mismatch'],
  refused: ['refused'],
  answer_rejected: ['answer_rejected', 'tier_mismatch'],
  task_invalid: ['task_invalid'],
  provider_failed: ['other', 'not_sent'],
};

/**
 * Verifies that an accepted enclave signed the usage statement, and that this enclave has the key to which the task was sealed. Opens the
 * answer, and checks that it belongs to the statement.
 * @throws ReceiptError, CryptoError or ProtocolError, each with its own codes; ClientError `receipt_refused`
 */
export async function verifyTask(
  prepared: PreparedTask,
  { statement, attestationDocument, answer }: PostedTask,
  policy: TrustPolicy,
): Promise<TaskResult> {
  const { id, requestSha256, modelClass, maxOutputTokens, sealed, key } = prepared;
  const { maxAgeMs: _atItsOwnTime, acceptedResidence: _ofMessages, ...trust } = policy;
  const attestedPrices = key.configuration?.services.agents?.pricesSha256;
  const prices = attestedPrices === priceTableSha256(PRICE_TABLE) ? PRICE_TABLE : null;
  const { claims, enclave } = await verifyUsageStatement(
    { statement, attestationDocument },
    { ...trust, verifyEnclave },
    {
      requestId: id,
      requestSha256,
      ...(answer !== null && { attempt: answer.attempts }),
      modelClass: modelClass.id,
      provider: modelClass.provider,
      model: modelClass.model,
      maxOutputTokens,
      ciphertextBytes: sealed.ciphertext.length,
      prices,
    },
  );
  // Checked even if this library does not have the price table
  if (claims.prices_sha256 !== attestedPrices)
    throw new ReceiptError('ERR_STATEMENT_PRICES', 'the statement names another price table than the enclave attests');
  // An enclave may have several keys. The document must name the key to which this task was sealed.
  if (!isSameKey(enclave, sealed))
    throw new ReceiptError('ERR_RECEIPT_KEY_BINDING', 'the attestation document is for another sealing key');
  const opened = answer === null ? failureOf(claims.end) : openedAnswer(prepared, answer.sealed, claims.end);
  return {
    id,
    outcome: opened.outcome,
    text: opened.text,
    problem: opened.problem,
    statement: claims,
    chargedMicroUsd: BigInt(claims.cost_micro_usd),
    costChecked: prices !== null,
    pcr0: enclave.attestation.pcr0,
    proof: { statement, attestation_document: toBase64(attestationDocument) },
  };
}

type Opened = Pick<AgentAnswer, 'outcome' | 'text' | 'problem'>;

function openedAnswer({ answerKey, sealed }: PreparedTask, bytes: Uint8Array, end: AgentEnd): Opened {
  const answer = decodeAgentAnswer(openTaskAnswer(answerKey, sealed, decodeSealedAnswer(bytes)));
  const fits =
    toHex(answer.requestId) === toHex(sealed.messageId) &&
    (ENDS[answer.outcome].includes(end) || (answer.outcome === 'provider_failed' && isProviderFailure(end)));
  if (!fits) throw contradiction('the answer and the statement are from different attempts');
  return answer;
}

/** Returns the outcome if the gateway sent no sealed answer, which it may do only after a provider's failure. */
function failureOf(end: AgentEnd): Opened {
  if (!isProviderFailure(end))
    throw contradiction('the gateway reports a failure of the provider that the statement does not report');
  return { outcome: 'provider_failed', text: null, problem: end };
}

function contradiction(message: string): ClientError {
  return new ClientError('receipt_refused', message, { reason: 'answer_differs' });
}
