import * as z from 'zod';

const instant = z.iso.datetime();
const dollars = z.string().regex(/^-?[0-9]+\.[0-9]{2,6}$/);
const window = z.strictObject({ cap: dollars, reserved: dollars, spent: dollars, resetsAt: instant });

/** Answer of GET /api/admin/status: sums only, nothing of a message or a user. */
export const adminStatusSchema = z.strictObject({
  queue: z.strictObject({ waiting: z.int(), overdueMs: z.int() }),
  budget: z.strictObject({ hour: window, day: window }),
  emergencyStop: z.strictObject({ standing: z.boolean(), since: instant.nullable() }),
  rateLimits: z.strictObject({ store: z.enum(['redis', 'memory']), degraded: z.boolean(), degradedSince: instant.nullable() }),
});
export type AdminStatus = z.output<typeof adminStatusSchema>;
