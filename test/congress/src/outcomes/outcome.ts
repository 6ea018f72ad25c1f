import * as z from 'zod';
import { forEachChamber, SIMULATED_CHAMBER_KEYS, SIMULATED_CHAMBERS, type Chamber } from '../chambers';
import type { Fault } from '../faults/fault';
import { errorsXml } from '../http/body';

/** How many attempts at each message, from the first, get the answer; later attempts are accepted. By default every attempt gets it. */
const attempts = z.int().min(1).max(1000).optional();

/** What a chamber answers to a valid message for one office. */
export const outcomeSchema = z.discriminatedUnion('answer', [
  /** 201. The fault plan does not apply. */
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
   * The message is stored and the connection is cut, so the sender gets no answer. By default this happens to the first attempt only; a
   * chamber that recognizes a repeated message answers the next one with 409.
   */
  z.strictObject({ answer: z.literal('cut'), attempts: attempts.default(1) }),
  /** Any other status, with nothing stored: for example 401 (wrong API key), 404, 429, 500. */
  z.strictObject({ answer: z.literal('status'), status: z.int().min(200).max(599), attempts }),
]);
export type Outcome = z.output<typeof outcomeSchema>;
export type OutcomeInput = z.input<typeof outcomeSchema>;

const OFFICES: ReadonlySet<string> = new Set(
  Object.values(forEachChamber((chamber) => SIMULATED_CHAMBERS[chamber].offices)).flat(),
);

/** An existing office, or a chamber: then the outcome applies to all its offices. */
export type OutcomeKey = string;

export function isOutcomeKey(key: string): key is OutcomeKey {
  return OFFICES.has(key) || SIMULATED_CHAMBER_KEYS.includes(key as Chamber);
}

/** At most one outcome for each office and chamber. */
export const outcomesSchema = z.record(
  z.string().refine(isOutcomeKey, { error: 'no office of the table, and no chamber' }),
  outcomeSchema,
);
export type Outcomes = z.output<typeof outcomesSchema>;
export type OutcomesInput = z.input<typeof outcomesSchema>;

/** Returns the fault by which the chamber's server produces the outcome; null accepts the message. */
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
