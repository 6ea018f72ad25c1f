import * as z from 'zod';
import { bytesOf, bytesUpTo } from '../encoding/bytes';
import { decodeStrict, encodeCanonical } from '../encoding/cbor';
import { LIMITS } from '../limits';
import { ProtocolError } from '../problems';
import { MAX_STATEMENT_CHARACTERS } from './usage-statement';
import { AGENT_OUTCOMES } from './ends';
import { TASK_ANSWER_BUCKET } from './vocabulary';

const utf8 = new TextEncoder();

const fields = z.strictObject({
  version: z.literal(1),
  requestId: bytesOf(16),
  outcome: z.enum(AGENT_OUTCOMES),
  /** At most 12,000 bytes of UTF-8. Null unless the outcome is `complete` or `cut`. */
  text: z
    .string()
    .refine(
      (value) => value.length <= LIMITS.maxAnswerTextBytes && utf8.encode(value).length <= LIMITS.maxAnswerTextBytes,
    )
    .nullable(),
  /** For `answer_rejected` and `provider_failed`, the reason as a stable code. Otherwise null. */
  problem: z
    .string()
    .regex(/^[a-z_]{1,64}$/)
    .nullable(),
});
export const agentAnswerSchema = fields.refine(
  ({ outcome, text }) => (text !== null) === (outcome === 'complete' || outcome === 'cut'),
);
/** The content of a sealed answer. Only the person who asked can open the answer. `sealTaskAnswer` seals it. */
export type AgentAnswer = z.infer<typeof fields>;

/** Returns a canonical CBOR map. @throws ProtocolError `malformed_body` */
export function encodeAgentAnswer(answer: AgentAnswer): Uint8Array {
  return encodeCanonical(read(answer));
}

/** @throws ProtocolError `body_too_large` | `malformed_body` */
export function decodeAgentAnswer(opened: Uint8Array): AgentAnswer {
  return read(decodeStrict(opened, TASK_ANSWER_BUCKET));
}

function read(value: unknown): AgentAnswer {
  const parsed = agentAnswerSchema.safeParse(value);
  if (!parsed.success) throw new ProtocolError('malformed_body', 'not an answer to a task');
  return parsed.data;
}

/** The longest wait that a reply may propose before a second attempt. */
export const MAX_AGAIN_MS = 30_000;

const agentReplySchema = z.strictObject({
  v: z.literal(1),
  /** The sealed answer in CBOR. All sealed answers have the same length. */
  answer: bytesUpTo(TASK_ANSWER_BUCKET + 64),
  /** The usage statement of this attempt: a JWS in compact form. */
  statement: z.string().min(1).max(MAX_STATEMENT_CHARACTERS),
  attestationDocument: bytesUpTo(16_512),
  /** The pause before a second attempt. Null if a second attempt would not help. A second attempt needs a new reservation. */
  again: z.strictObject({ afterMs: z.int().min(0).max(MAX_AGAIN_MS) }).nullable(),
});
/** The enclave's answer to `POST /agents`. */
export type AgentReply = Omit<z.infer<typeof agentReplySchema>, 'v'>;

export function encodeAgentReply(reply: AgentReply): Uint8Array {
  return encodeCanonical({ v: 1, ...reply });
}

/** @throws ProtocolError `body_too_large` | `malformed_body` */
export function decodeAgentReply(bytes: Uint8Array): AgentReply {
  const parsed = agentReplySchema.safeParse(decodeStrict(bytes, LIMITS.maxAgentReplyBytes));
  if (!parsed.success) throw new ProtocolError('malformed_body', 'not a reply to a task');
  const { v: _version, ...reply } = parsed.data;
  return reply;
}
