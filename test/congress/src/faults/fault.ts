import * as z from 'zod';
import { SIMULATED_CHAMBER_KEYS } from '../chambers';

const delayMs = z.int().min(0).max(600_000);

/** What goes wrong with one message. `stored`: the chamber stores the message before the fault. */
export const faultSchema = z.discriminatedUnion('kind', [
  /** Answers with this status and body. */
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    body: z.string().max(1_000_000).optional(),
    retryAfter: z.string().max(100).optional(),
    stored: z.boolean().default(false),
  }),
  /** Waits, then handles the message; with `stored`, handles the message, then waits before it answers. */
  z.strictObject({ kind: z.literal('slow'), delayMs, stored: z.boolean().default(false) }),
  /** Cuts the connection: before or after the request is read, after the message is stored, or in the middle of the answer's head. */
  z.strictObject({
    kind: z.literal('cut'),
    at: z.enum(['before_reading', 'after_reading', 'after_storing', 'in_the_answer']),
  }),
  /** Answers 503 with Retry-After. */
  z.strictObject({
    kind: z.literal('maintenance'),
    retryAfterSeconds: z
      .int()
      .min(0)
      .max(86_400 * 7),
  }),
  /** Answers with bytes that are not HTTP. */
  z.strictObject({ kind: z.literal('garbage'), stored: z.boolean().default(false) }),
  /** Redirects with 307 to another address. */
  z.strictObject({ kind: z.literal('redirect'), location: z.string().min(1).max(2000) }),
]);
export type Fault = z.output<typeof faultSchema>;

/** A fault, and the messages that it strikes: at most `times` messages. */
export const queuedFaultSchema = z.strictObject({
  fault: faultSchema,
  chamber: z.enum(SIMULATED_CHAMBER_KEYS).optional(),
  office: z.string().max(20).optional(),
  times: z.union([z.int().min(1).max(1_000_000), z.literal('always')]).default(1),
});

export const faultPlanSchema = z.strictObject({
  /** The first entry that matches a message applies. */
  queue: z.array(queuedFaultSchema).max(10_000).default([]),
  /** If no entry matches, one of these faults strikes with this probability. The same seed draws the same faults. */
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
