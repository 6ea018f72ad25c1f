import * as z from 'zod';
import { decodeStrict, encodeCanonical } from '../encoding/cbor';
import { countVisible, textUpTo } from '../encoding/characters';
import { LIMITS } from '../limits';
import { ProtocolError } from '../problems';
import { TASKS } from './vocabulary';
import { maxOutputTokensSchema, modelClassSchema } from './word-schemas';

const utf8 = new TextEncoder();

/** Control characters except line feed and tab. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/** Whether a text has neither control characters nor a lone surrogate. A provider would refuse the whole request for one of them. */
function isPlainText(value: string): boolean {
  return value.isWellFormed() && !CONTROL.test(value);
}

const plain = (value: string) => isPlainText(value);
const invalidCharacters = { params: { rule: 'invalid_characters' } };
const fits = (value: string) =>
  value.length <= LIMITS.maxTaskTextBytes && utf8.encode(value).length <= LIMITS.maxTaskTextBytes;

export const agentTaskSchema = z.strictObject({
  version: z.literal(1),
  task: z.enum(TASKS),
  /** The enclave compares it with the model class outside the seal. */
  modelClass: modelClassSchema,
  maxOutputTokens: maxOutputTokensSchema,
  /** The primary language of the answer: a BCP 47 primary tag, such as `en`. */
  language: z.string().regex(/^[a-z]{2,3}$/),
  /** At most 500 UTF-16 units: the limit of a delivered subject. */
  subject: textUpTo(500).refine(plain, invalidCharacters).nullable(),
  /** At most 16,384 bytes of UTF-8. */
  text: z
    .string()
    .refine(plain, invalidCharacters)
    .refine(fits, { params: { rule: 'too_long', maximum: LIMITS.maxTaskTextBytes } })
    .refine((value) => countVisible(value, 1) >= 1, { params: { rule: 'too_short', minimum: 1 } }),
});
/** The content of a task, which the client seals. */
export type AgentTask = z.infer<typeof agentTaskSchema>;

export interface TaskProblem {
  /** A JSON pointer. */
  readonly pointer: string;
  /** `too_long`, `too_short`, `invalid_characters` or `invalid`. */
  readonly code: string;
}

/** Returns why a task cannot be sealed: fields and rules, never a value. Empty if it can be sealed. */
export function agentTaskProblems(value: unknown): TaskProblem[] {
  const parsed = agentTaskSchema.safeParse(value);
  return (parsed.error?.issues ?? []).map(({ path, ...issue }) => ({
    pointer: path.map((part) => `/${String(part)}`).join(''),
    code: 'params' in issue && typeof issue.params?.['rule'] === 'string' ? issue.params['rule'] : 'invalid',
  }));
}

/**
 * Returns a canonical CBOR map.
 * @throws ProtocolError `malformed_body`; `agentTaskProblems` lists the faults
 */
export function encodeAgentTask(task: AgentTask): Uint8Array {
  return encodeCanonical(read(task));
}

/** @throws ProtocolError `body_too_large` | `malformed_body` */
export function decodeAgentTask(opened: Uint8Array): AgentTask {
  return read(decodeStrict(opened, LIMITS.maxTaskPlaintextBytes));
}

function read(value: unknown): AgentTask {
  const parsed = agentTaskSchema.safeParse(value);
  // The cause is left out, because zod's message could contain a part of the text
  if (!parsed.success) throw new ProtocolError('malformed_body', 'not an agent task');
  return parsed.data;
}
