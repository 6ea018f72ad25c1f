import * as z from 'zod';
import { scriptedAnswerSchema } from '../answers/answer';
import { ERROR_CLASSES } from '../dialects/dialect';
import { SIMULATED_PROVIDERS } from '../models';

const delayMs = z.int().min(0).max(600_000);
const bytes = z
  .int()
  .min(1)
  .max(256 * 1024 * 1024);

/** What a provider does with a request instead of the usual answer. */
export const faultSchema = z.discriminatedUnion('kind', [
  /** Gives a successful answer that a test scripted, completely or in part. */
  z.strictObject({ kind: z.literal('answer'), answer: scriptedAnswerSchema }),
  /** Answers with the provider's error of this class. */
  z.strictObject({
    kind: z.literal('error'),
    class: z.enum(ERROR_CLASSES),
    message: z.string().max(10_000).optional(),
    status: z.int().min(200).max(599).optional(),
    code: z.string().max(100).optional(),
    retryAfterSeconds: z.number().min(0).max(604_800).optional(),
  }),
  /** Answers 200 with a body that reports a failure: OpenAI `status: "failed"`, Gemini `{ error }`, Anthropic `{ type: "error" }`. */
  z.strictObject({ kind: z.literal('failed_in_200') }),
  /** Answers with an HTML page of this size, as a proxy might. */
  z.strictObject({
    kind: z.literal('html'),
    status: z.int().min(200).max(599).default(502),
    bytes: bytes.max(1_000_000).default(1000),
  }),
  /** Answers with this status, headers and text. */
  z.strictObject({
    kind: z.literal('raw'),
    status: z.int().min(200).max(599).default(200),
    headers: z.record(z.string().max(100), z.string().max(1000)).default({ 'content-type': 'application/json' }),
    body: z.string().max(1_000_000),
  }),
  /** Answers 200 with the first half of the answer's JSON, and with the length of that half. */
  z.strictObject({ kind: z.literal('malformed') }),
  /** Answers with compressed zeros that unpack to this many bytes, although the request did not ask for compression. */
  z.strictObject({ kind: z.literal('gzip'), unpackedBytes: bytes.default(128 * 1024 * 1024) }),
  /** Answers with JSON of this size and without a length. */
  z.strictObject({ kind: z.literal('huge'), bytes: bytes.default(40 * 1024 * 1024) }),
  /** Waits, then answers. */
  z.strictObject({ kind: z.literal('slow'), delayMs }),
  /** Waits until a control call releases it, then answers. */
  z.strictObject({ kind: z.literal('held') }),
  /** Sends headers and one byte of the body, and then nothing. */
  z.strictObject({ kind: z.literal('stalled') }),
  /** Reads the request and never answers. */
  z.strictObject({ kind: z.literal('silent') }),
  /** Cuts the connection. */
  z.strictObject({
    kind: z.literal('cut'),
    at: z.enum(['before_reading', 'after_reading', 'in_the_head', 'in_the_body']),
  }),
  /** Answers with bytes that are not HTTP. */
  z.strictObject({ kind: z.literal('garbage') }),
  /** Redirects with 307 to another address. */
  z.strictObject({ kind: z.literal('redirect'), location: z.string().min(1).max(2000) }),
  /** Sends the answer twice: as two HTTP answers to one request, or as two JSON documents in one body. */
  z.strictObject({ kind: z.literal('twice'), as: z.enum(['answers', 'documents']) }),
]);
export type Fault = z.output<typeof faultSchema>;
export type FaultInput = z.input<typeof faultSchema>;

/**
 * A fault, and the requests that it strikes. A fault strikes only authenticated and well-formed requests. The exception is `cut` with
 * `before_reading`, which also strikes other requests.
 */
const queuedFaultSchema = z.strictObject({
  fault: faultSchema,
  provider: z.enum(SIMULATED_PROVIDERS).optional(),
  /** The model name in the request. */
  model: z.string().max(200).optional(),
  operation: z.enum(['generate', 'models']).default('generate'),
  times: z.union([z.int().min(1).max(1_000_000), z.literal('always')]).default(1),
});

export const faultPlanSchema = z.strictObject({
  /** The first entry that matches a request strikes. */
  queue: z.array(queuedFaultSchema).max(10_000).default([]),
  /** If no entry matches a request for text, one of these faults strikes with this probability, drawn from the seed. */
  random: z
    .strictObject({
      seed: z.int().min(0).max(0xffff_ffff),
      probability: z.number().min(0).max(1),
      faults: z.array(faultSchema).min(1).max(100),
    })
    .optional(),
});
export type FaultPlan = z.output<typeof faultPlanSchema>;
export type FaultPlanInput = z.input<typeof faultPlanSchema>;
