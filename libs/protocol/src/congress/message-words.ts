import * as z from 'zod';
import { BILL_TYPES, TOPICS } from './cwc-vocabulary';
import { text } from './text';

/** The fields that a message and its template have in common, with the same limits. */

export const subjectSchema = text(6, 500);
export const bodySchema = text(6, 10_000);
export const topicsSchema = z.array(z.enum(TOPICS)).min(1).max(TOPICS.length);
export const billsSchema = z
  .array(
    z.strictObject({
      congress: z.int().positive().max(999),
      type: z.enum(BILL_TYPES),
      number: z.int().positive().max(99_999),
    }),
  )
  .max(20);
export const stanceSchema = z.enum(['pro', 'con']);
