import * as z from 'zod';
import { forEachChamber, SIMULATED_CHAMBER_KEYS, SIMULATED_CHAMBERS, type Chamber } from '../chambers';
import type { Fault } from '../faults/fault';
import { errorsXml } from '../http/body';

/** How many attempts at a message get this answer. Later attempts are accepted. Default: all attempts. */
const attempts = z.int().min(1).max(1000).optional();

/** What a chamber answers to a valid message for one office. */
export const outcomeSchema = z.discriminatedUnion('answer', [
  /** 201, whatever the fault plan contains. */
  z.strictObject({ answer: z.literal('accepted') }),
  /** 409: the chamber already accepted this DeliveryId. Nothing is stored. */
  z.strictObject({ answer: z.literal('duplicate') }),
  /** 400 with the reason. Nothing is stored. */
  z.strictObject({
    answer: z.literal('refused'),
    reason: z.string().trim().min(1).max(500).default('This office does not take this message.'),
  }),
  /** Waits, then accepts. */
  z.strictObject({ answer: z.literal('slow'), seconds: z.int().min(1).max(600), attempts }),
  /** 503 with Retry-After. Nothing is stored. */
  z.strictObject({
    answer: z.literal('maintenance'),
    retryAfterSeconds: z.int().min(0).max(604_800).default(60),
    attempts,
  }),
  /**
   * The chamber stores the message and cuts the connection, so the sender gets no answer. By default only the first attempt is cut. A
   * chamber that recognizes repeated messages answers the next attempt with 409.
   */
  z.strictObject({ answer: z.literal('cut'), attempts: attempts.default(1) }),
  /** Any other status, for example 401 (wrong API key), 404, 429, 500. Nothing is stored. */
  z.strictObject({ answer: z.literal('status'), status: z.int().min(200).max(599), attempts }),
]);
export type Outcome = z.output<typeof outcomeSchema>;
export type OutcomeInput = z.input<typeof outcomeSchema>;

const OFFICES: ReadonlySet<string> = new Set(
  Object.values(forEachChamber((chamber) => SIMULATED_CHAMBERS[chamber].offices)).flat(),
);

/** An existing office, or a chamber, which means all its offices. */
export type OutcomeKey = string;

export function isOutcomeKey(key: string): key is OutcomeKey {
  return OFFICES.has(key) || SIMULATED_CHAMBER_KEYS.includes(key as Chamber);
}

/** At most one outcome for each office and chamber. */
export const outcomesSchema = z.record(
  z.string().refine(isOutcomeKey, { error: 'neither an existing office nor a chamber' }),
  outcomeSchema,
);
export type Outcomes = z.output<typeof outcomesSchema>;
export type OutcomesInput = z.input<typeof outcomesSchema>;

/** Returns the fault with which the simulator produces this outcome; null if it accepts the message. */
export function faultOf(outcome: Outcome): Fault | null {
  switch (outcome.answer) {
    case 'accepted':
      return null;
    case 'duplicate':
      return { kind: 'status', status: 409, body: errorsXml(['this DeliveryId was taken before']), stored: false };
    case 'refused':
      return { kind: 'status', status: 400, body: errorsXml([outcome.reason]), stored: false };
    case 'slow':
      return { kind: 'slow', delayMs: outcome.seconds * 1000, stored: false };
    case 'maintenance':
      return { kind: 'maintenance', retryAfterSeconds: outcome.retryAfterSeconds };
    case 'cut':
      return { kind: 'cut', at: 'after_storing' };
    case 'status':
      return { kind: 'status', status: outcome.status, stored: false };
  }
}
