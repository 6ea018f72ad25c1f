import * as z from 'zod';

const instant = z.iso.datetime();
const dollars = z.string().regex(/^-?[0-9]+\.[0-9]{2,6}$/);
const window = z.strictObject({ cap: dollars, reserved: dollars, spent: dollars, resetsAt: instant });

/** Answer of GET /api/admin/status: sums only, nothing of a message or a user. */
export const adminStatusSchema = z.strictObject({
  queue: z.strictObject({ waiting: z.int(), overdueMs: z.int() }),
  budget: z.strictObject({ hour: window, day: window }),
  emergencyStop: z.strictObject({ standing: z.boolean(), since: instant.nullable() }),
  rateLimits: z.strictObject({
    store: z.enum(['redis', 'memory']),
    degraded: z.boolean(),
    degradedSince: instant.nullable(),
  }),
});
/** Answer of GET /api/admin/keys: what is known of each sealed key, and nothing that is sealed. */
export const adminKeysSchema = z.strictObject({
  keys: z.array(
    z.strictObject({
      keyId: z.string().regex(/^[0-9a-f]{32}$/),
      custody: z.string(),
      pcr0: z.string().regex(/^[0-9a-f]{96}$/),
      epoch: z.int(),
      state: z.enum(['live', 'rotated', 'destroyed', 'revoked']),
      createdAt: instant,
      rotateAfter: instant,
      destroyAfter: instant,
      revokedAt: instant.nullable(),
      revokedBy: z.string().nullable(),
      revokedWhy: z.string().nullable(),
    }),
  ),
});
export type AdminKeys = z.output<typeof adminKeysSchema>;
export type AdminStatus = z.output<typeof adminStatusSchema>;
