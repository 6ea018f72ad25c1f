import * as z from 'zod';

/** What a person can ask a model for. A closed list: each task has a prompt of its own in the enclave's image. */
export const TASKS = ['subject', 'draft', 'shorten', 'review'] as const;
export type Task = (typeof TASKS)[number];

export const PROVIDERS = ['openai', 'gemini', 'anthropic'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** The operator's short name for a model: a row of the measured configuration. */
export const MODEL_CLASS_PATTERN = /^[a-z0-9-]{1,32}$/;
export const modelClassSchema = z.string().regex(MODEL_CLASS_PATTERN);

/** A provider's exact name for a model, as requests carry it. */
export const modelNameSchema = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/);

/** The date of a price table and its number on that date: `2026-11-30.1`. */
export const pricesVersionSchema = z.string().regex(/^\d{4}-\d{2}-\d{2}\.\d{1,3}$/);
/** SHA-256 of a price table, in lowercase hex. */
export const pricesSha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** Visible output tokens of one task: 64 to 2,048 in steps of 64. */
export const OUTPUT_TOKEN_STEP = 64;
export const MAX_OUTPUT_TOKENS = 2048;
export const maxOutputTokensSchema = z
  .int()
  .min(OUTPUT_TOKEN_STEP)
  .max(MAX_OUTPUT_TOKENS)
  .multipleOf(OUTPUT_TOKEN_STEP);

/**
 * How one attempt ended. A statement, a metric and a database row hold one of these and nothing that a provider wrote.
 *
 * - An answer came: `complete`, `cut` (at the maximum output), `empty` (no text), `refused` (by the model), `other` (a reason that we do
 *   not know), `answer_rejected` (its text breaks our output rules), `tier_mismatch` (billed at another tier than the one requested).
 * - The sealed task is not valid: `task_invalid`. Nothing was sent.
 * - The provider failed: `PROVIDER_FAILURES`.
 * - Nothing was sent for another reason: `not_sent`.
 */
export const AGENT_ENDS = [
  'complete',
  'cut',
  'empty',
  'refused',
  'other',
  'answer_rejected',
  'task_invalid',
  'tier_mismatch',
  'not_sent',
  'rate',
  'quota',
  'funds',
  'key',
  'location',
  'model',
  'request',
  'overloaded',
  'server_error',
  'free_tier',
  'malformed',
  'lost',
  'timed_out',
] as const;
export type AgentEnd = (typeof AGENT_ENDS)[number];

/** The ends that the gateway reports as `provider_unavailable`, each as its `reason`. */
export const PROVIDER_FAILURES = [
  'rate',
  'quota',
  'funds',
  'key',
  'location',
  'model',
  'request',
  'overloaded',
  'server_error',
  'free_tier',
  'malformed',
  'lost',
  'timed_out',
] as const satisfies readonly AgentEnd[];
export type ProviderFailure = (typeof PROVIDER_FAILURES)[number];

export function isProviderFailure(end: string): end is ProviderFailure {
  return (PROVIDER_FAILURES as readonly string[]).includes(end);
}

/** What a person reads about their task, inside the seal. */
export const AGENT_OUTCOMES = [
  'complete',
  'cut',
  'empty',
  'refused',
  'answer_rejected',
  'task_invalid',
  'provider_failed',
] as const;
export type AgentOutcome = (typeof AGENT_OUTCOMES)[number];
