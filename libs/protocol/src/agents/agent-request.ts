import * as z from 'zod';
import { decodeStrict, encodeCanonical } from '../encoding/cbor';
import { LIMITS } from '../limits';
import { describeIssues } from '../messages/describe-issues';
import {
  POLY1305_TAG_BYTES,
  assertSuite,
  decodeSealedMessage,
  encodeSealedMessage,
  sealedMembersFromJson,
  sealedMessageJsonSchema,
  sealedMessageToJson,
  type SealedMessage,
} from '../messages/sealed-message';
import { ProtocolError } from '../problems';
import { TASK_BUCKETS } from './vocabulary';
import { maxOutputTokensSchema, modelClassSchema } from './word-schemas';

/** The header with the number of the attempt for which the gateway has reserved money: `1` or `2`. */
export const ATTEMPT_HEADER = 'communique-attempt';

/**
 * The request that a client posts for a task. The request id is the message id of `sealed`. The model class and the maximum output are
 * outside the seal, because the gateway calculates the reservation from them. The task, its text and its language are sealed.
 */
export interface AgentRequest {
  modelClass: string;
  /** 64 to 2,048, in steps of 64. */
  maxOutputTokens: number;
  /** Sealed by `sealTask`. It has no nullifier. The ciphertext has the length of one of `TASK_BUCKETS` plus the 16-byte tag. */
  sealed: SealedMessage;
}

const wireSchema = z.tuple([z.literal(1), modelClassSchema, maxOutputTokensSchema, z.instanceof(Uint8Array)]);

/**
 * Returns the canonical CBOR array `[1, model class, maximum output tokens, form 1 bytes of the sealed task]`. `request_sha256` is the hash
 * of these bytes.
 * @throws ProtocolError `malformed_body`
 */
export function encodeAgentRequest({ modelClass, maxOutputTokens, sealed }: AgentRequest): Uint8Array {
  checkSealed(sealed);
  const parsed = wireSchema.safeParse([1, modelClass, maxOutputTokens, encodeSealedMessage(sealed)]);
  if (!parsed.success) throw new ProtocolError('malformed_body', describeIssues(parsed.error));
  return encodeCanonical(parsed.data);
}

/**
 * Reads only canonical bytes, so that `encodeAgentRequest` returns the same bytes.
 * @throws ProtocolError `body_too_large` | `malformed_body` | `suite_unsupported`
 */
export function decodeAgentRequest(bytes: Uint8Array): AgentRequest {
  const parsed = wireSchema.safeParse(decodeStrict(bytes, LIMITS.maxAgentRequestBytes));
  if (!parsed.success) throw new ProtocolError('malformed_body', describeIssues(parsed.error));
  const [, modelClass, maxOutputTokens, inner] = parsed.data;
  const sealed = decodeSealedMessage(inner);
  checkSealed(sealed);
  return { modelClass, maxOutputTokens, sealed };
}

export const agentRequestJsonSchema = z
  .strictObject({
    version: z.literal(1),
    modelClass: modelClassSchema.meta({
      description: "The operator's short name for a model, from `GET /api/agents`.",
    }),
    maxOutputTokens: maxOutputTokensSchema.meta({ description: 'The maximum number of visible tokens in the answer.' }),
    sealed: sealedMessageJsonSchema.meta({
      description:
        'The task, sealed under its own domain (docs/agents.md). It expires at most ten minutes ahead, and its ciphertext is 4, 8, 16 or 32 KiB and a 16-byte tag.',
    }),
  })
  .meta({ id: 'AgentRequest', description: 'A task for a model, sealed to the key of an attested enclave.' });
export type AgentRequestJson = z.infer<typeof agentRequestJsonSchema>;

/** @throws ProtocolError `malformed_body` */
export function agentRequestToJson({ modelClass, maxOutputTokens, sealed }: AgentRequest): AgentRequestJson {
  checkSealed(sealed);
  return { version: 1, modelClass, maxOutputTokens, sealed: sealedMessageToJson(sealed) };
}

/** @throws ProtocolError `malformed_body` | `suite_unsupported` */
export function agentRequestFromJson(value: unknown): AgentRequest {
  if (typeof value === 'object' && value !== null && 'sealed' in value) assertSuite(value.sealed);
  const parsed = agentRequestJsonSchema.safeParse(value);
  if (!parsed.success) throw new ProtocolError('malformed_body', describeIssues(parsed.error));
  const { modelClass, maxOutputTokens } = parsed.data;
  const sealed = sealedMembersFromJson(parsed.data.sealed, null);
  checkSealed(sealed);
  return { modelClass, maxOutputTokens, sealed };
}

function checkSealed({ nullifier, ciphertext }: SealedMessage): void {
  const padded = ciphertext.length - POLY1305_TAG_BYTES;
  if (nullifier !== null) throw new ProtocolError('malformed_body', 'nullifier: a task has none');
  if (!TASK_BUCKETS.some((bucket) => bucket === padded))
    throw new ProtocolError('malformed_body', 'ciphertext: must be 4, 8, 16 or 32 KiB and a tag');
}
