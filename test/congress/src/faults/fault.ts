import * as z from 'zod';
import { SIMULATED_CHAMBER_KEYS } from '../chambers';

const delayMs = z.int().min(0).max(600_000);

/**
 * What goes wrong with one message. `stored`: the message is stored before the fault, which the
 * sender cannot tell.
 */
export const faultSchema = z.discriminatedUnion('kind', [
  /** Any status with any body, instead of the answer. */
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    body: z.string().max(1_000_000).optional(),
    retryAfter: z.string().max(100).optional(),
    stored: z.boolean().default(false),
  }),
  /** Waits, then handles the message; with `stored`, handles the message, then waits before it answers. */
  z.strictObject({ kind: z.literal('slow'), delayMs, stored: z.boolean().default(false) }),
  /** The connection is cut: before the request is read, after it, after it is stored, or in the middle of the answer's head. */
  z.strictObject({
    kind: z.literal('cut'),
    at: z.enum(['before_reading', 'after_reading', 'after_storing', 'in_the_answer']),
  }),
  /** 503 with Retry-After. */
  z.strictObject({
    kind: z.literal('maintenance'),
    retryAfterSeconds: z
      .int()
      .min(0)
      .max(86_400 * 7),
  }),
  /** Bytes that are not an HTTP answer. */
  z.strictObject({ kind: z.literal('garbage'), stored: z.boolean().default(false) }),
  /** 307 to another place. */
  z.strictObject({ kind: z.literal('redirect'), location: z.string().min(1).max(2000) }),
]);
export type Fault = z.output<typeof faultSchema>;

/** Which messages a fault is for; `times` is how often it strikes before it is used up. */
export const queuedFaultSchema = z.strictObject({
  fault: faultSchema,
  chamber: z.enum(SIMULATED_CHAMBER_KEYS).optional(),
  office: z.string().max(20).optional(),
  times: z.union([z.int().min(1).max(1_000_000), z.literal('always')]).default(1),
});

export const faultPlanSchema = z.strictObject({
  /** The first entry that matches applies. */
  queue: z.array(queuedFaultSchema).max(10_000).default([]),
  /** If none matches: with this probability one of these, by a separate generator, so that a seed repeats the run. */
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
