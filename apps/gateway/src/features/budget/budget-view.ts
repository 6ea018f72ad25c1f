import * as z from 'zod';

const dollars = z
  .string()
  .regex(/^[0-9]+\.[0-9]{2,6}$/)
  .describe('Dollars, exactly, two to six digits after the point.');

/** `GET /api/budget`: the caller's own UTC day. */
export const budgetViewSchema = z.strictObject({
  cap: dollars,
  reserved: dollars.describe('Promised for messages that have not ended.'),
  spent: dollars,
  messages: z
    .strictObject({ used: z.int().nonnegative(), limit: z.int().positive().nullable() })
    .describe('Messages accepted in this UTC day; `limit` null: no limit.'),
  resetsAt: z.iso.datetime(),
});
export type BudgetView = z.infer<typeof budgetViewSchema>;
