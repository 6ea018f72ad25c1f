import * as z from 'zod';
import { base64UrlText } from '../encoding/base64-text';
import { MESSAGE_ID_PATTERN } from '../messages/message-id';
import { AGENT_ENDS } from './ends';
import { PROVIDERS } from './vocabulary';
import { modelClassSchema, modelNameSchema, pricesSha256Schema, pricesVersionSchema } from './word-schemas';

export const USAGE_STATEMENT_TYPE = 'communique-tee-usage+jws';

/** Of the JWS in compact form. */
export const MAX_STATEMENT_CHARACTERS = 4096;

const tokens = z.int().min(0);

/**
 * The tokens of one attempt by class. Each token counts in exactly one class. So `output` does not include `thinking`, and `input`
 * includes neither tokens read from the provider's cache nor tokens written to it.
 */
export const usageSchema = z.strictObject({
  input: tokens,
  cached: tokens,
  /** Written to the provider's cache for some minutes. */
  cacheWrittenShort: tokens,
  /** Written to the provider's cache for an hour or longer. */
  cacheWrittenLong: tokens,
  output: tokens,
  thinking: tokens,
});
export type Usage = z.infer<typeof usageSchema>;

/**
 * What is known about an attempt's tokens. `reported`: the provider's counts are in `usage`. `invalid`: the provider answered, but its
 * counts are absent or contradict themselves, or another model or tier answered. `unknown`: the enclave sent a request and got no answer
 * that it can read. `not_billed`: the provider answered with an HTTP error status, or the enclave sent nothing.
 */
export const USAGE_STATES = ['reported', 'invalid', 'unknown', 'not_billed'] as const;
export type UsageState = (typeof USAGE_STATES)[number];

/** The ends of attempts that sent nothing. */
const NOTHING_SENT: readonly string[] = ['task_invalid', 'not_sent'];
/** The ends of attempts that the provider answered. */
const ANSWERED: readonly string[] = [
  'complete',
  'cut',
  'empty',
  'refused',
  'other',
  'answer_rejected',
  'tier_mismatch',
];

const claims = z.strictObject({
  v: z.literal(1),
  request_id: z.string().regex(MESSAGE_ID_PATTERN),
  /** SHA-256 of the whole agent request's CBOR form, in base64url. */
  request_sha256: base64UrlText(32),
  attempt: z.union([z.literal(1), z.literal(2)]),
  model_class: modelClassSchema,
  provider: z.enum(PROVIDERS),
  /** The configured model. Its row in the price table gives the price. */
  model: modelNameSchema,
  /** The model that the provider named in its answer. Null if it named none. */
  served_model: z
    .string()
    .regex(/^[\x21-\x7e]{1,100}$/)
    .nullable(),
  end: z.enum(AGENT_ENDS),
  usage_state: z.enum(USAGE_STATES),
  usage: usageSchema.nullable(),
  prices_version: pricesVersionSchema,
  prices_sha256: pricesSha256Schema,
  /** Micro-dollars, a whole number in decimal. It is text because a JSON number could lose digits. */
  cost_micro_usd: z.string().regex(/^(0|[1-9][0-9]{0,17})$/),
  /** Unix seconds by the enclave's clock. The cost is computed with the prices of this time. */
  time: z.int().min(0),
  pcr0: z.string().regex(/^[0-9a-f]{96}$/),
  /** SHA-256 of the attestation document that comes with the statement, in base64url. */
  attestation_sha256: base64UrlText(32),
});

/**
 * The claims of a usage statement: what one attempt of an agent task used and cost. The enclave signs them with its receipt key as a JWS
 * (`alg` `Ed25519`, RFC 9864) with `typ` USAGE_STATEMENT_TYPE. The statement contains a hash of the sealed task, and no text of it.
 */
export const usageStatementSchema = claims.refine(isConsistent, 'usage, state, end and cost must agree');
export type UsageStatement = z.infer<typeof claims>;

function isConsistent({ usage, usage_state, end, cost_micro_usd }: UsageStatement): boolean {
  if ((usage !== null) !== (usage_state === 'reported')) return false;
  if (usage_state === 'not_billed' && cost_micro_usd !== '0') return false;
  if (NOTHING_SENT.includes(end)) return usage_state === 'not_billed';
  return !ANSWERED.includes(end) || usage_state !== 'not_billed';
}
