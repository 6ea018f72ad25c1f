import { sealTask, type AnswerKey } from '@communique-tee/crypto/browser';
import {
  DEFAULT_SUITE,
  LIMITS,
  MESSAGE_ID_BYTES,
  encodeAgentRequest,
  messageIdToText,
  type SealedMessage,
} from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import type { ModelClass, TaskRequest } from '../api';
import type { EnclaveKey } from '../enclave-key';
import { attestedClass, encodeTask } from './check-task';

/** Half of the enclave's limit, because clocks differ. All posts of a task together take less time. */
const LIFETIME_SECONDS = LIMITS.maxTaskLifetimeSeconds / 2;

/** A sealed task, and what its sender needs for reading the answer. */
export interface PreparedTask {
  /** A UUID: the request id. */
  readonly id: string;
  readonly key: EnclaveKey;
  readonly modelClass: ModelClass;
  readonly maxOutputTokens: number;
  readonly sealed: SealedMessage;
  /** The bytes to post: the agent request as CBOR. */
  readonly request: Uint8Array;
  /** SHA-256 of `request`, 32 bytes. */
  readonly requestSha256: Uint8Array;
  readonly answerKey: AnswerKey;
}

/**
 * Checks a task as the enclave will, and seals it to a verified key.
 * @param nowSeconds Unix time by the enclave's clock
 * @throws ClientError `task_invalid` | `model_refused`
 */
export function prepareTask(task: TaskRequest, key: EnclaveKey, nowSeconds: number): PreparedTask {
  const modelClass = attestedClass(key, task);
  const maxOutputTokens = task.maxOutputTokens ?? modelClass.maxOutputTokens;
  const messageId = randomUuid();
  const { message, answerKey } = sealTask({
    suite: DEFAULT_SUITE,
    publicKey: key.publicKey,
    keyId: key.keyId,
    messageId,
    expiresAtSeconds: nowSeconds + LIFETIME_SECONDS,
    nullifier: null,
    plaintext: encodeTask(task, maxOutputTokens),
  });
  const request = encodeAgentRequest({ modelClass: modelClass.id, maxOutputTokens, sealed: message });
  return {
    id: messageIdToText(messageId),
    key,
    modelClass,
    maxOutputTokens,
    sealed: message,
    request,
    requestSha256: sha256(request),
    answerKey,
  };
}

/** Returns the 16 bytes of a version 4 UUID (RFC 9562 section 5.4). */
function randomUuid(): Uint8Array {
  const bytes = crypto.getRandomValues(new Uint8Array(MESSAGE_ID_BYTES));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}
