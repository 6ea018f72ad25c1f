import { instantSchema } from '@communique-tee/protocol';
import * as z from 'zod';
import type { Example } from '../../core/routing/operation';

const dollars = z
  .string()
  .regex(/^[0-9]+\.[0-9]{2,6}$/)
  .meta({ id: 'Dollars', description: 'Dollars, exactly, with two to six digits after the point.' });

/** `GET /api/budget`: the caller's own UTC day. */
export const budgetViewSchema = z
  .strictObject({
    cap: dollars,
    reserved: dollars.describe(
      'Reserved for tasks for models that have not ended and, if delivery has a price, for messages that have not ended.',
    ),
    spent: dollars,
    messages: z
      .strictObject({ used: z.int().nonnegative(), limit: z.int().positive().nullable() })
      .describe('Messages accepted in this UTC day. `limit` is null if the gateway has no limit.'),
    tasks: z
      .int()
      .nonnegative()
      .describe(
        'Tasks for models that began in this UTC day, except those that ended before anything was sent to a provider.',
      ),
    resetsAt: instantSchema,
  })
  .meta({ id: 'Budget', description: "The caller's own budget of this UTC day." });
export type BudgetView = z.infer<typeof budgetViewSchema>;

export const BUDGET_EXAMPLE: Example = {
  summary: 'After one message and two tasks',
  value: {
    cap: '10.00',
    reserved: '0.00',
    spent: '0.004127',
    messages: { used: 1, limit: 20 },
    tasks: 2,
    resetsAt: '2026-11-30T00:00:00.000Z',
  } satisfies BudgetView,
};
