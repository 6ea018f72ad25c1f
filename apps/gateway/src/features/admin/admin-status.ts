import { instantSchema } from '@communique-tee/protocol';
import * as z from 'zod';
import type { Example } from '../../core/routing/operation';

const dollars = z.string().regex(/^-?[0-9]+\.[0-9]{2,6}$/);
const window = z
  .strictObject({ cap: dollars, reserved: dollars, spent: dollars, resetsAt: instantSchema })
  .meta({ id: 'BudgetWindow', description: 'The budget of all users together in one UTC hour or day, in dollars.' });

/** Answer of GET /api/admin/status. */
export const adminStatusSchema = z
  .strictObject({
    queue: z.strictObject({
      waiting: z.int().meta({ description: 'Messages that have not ended.' }),
      overdueMs: z.int().meta({ description: 'Milliseconds that the oldest due message has waited for a worker.' }),
    }),
    budget: z.strictObject({ hour: window, day: window }),
    emergencyStop: z.strictObject({
      standing: z.boolean().meta({ description: 'Whether spending is stopped.' }),
      since: instantSchema.nullable(),
    }),
    rateLimits: z.strictObject({
      store: z.enum(['redis', 'memory']),
      degraded: z
        .boolean()
        .meta({ description: 'Whether Redis is unreachable, so that this process counts only its own requests.' }),
      degradedSince: instantSchema.nullable(),
    }),
  })
  .meta({ id: 'AdminStatus', description: 'Sums over all callers, without data of a single message or user.' });
export type AdminStatus = z.output<typeof adminStatusSchema>;

/** Answer of GET /api/admin/keys. */
export const adminKeysSchema = z
  .strictObject({
    keys: z.array(
      z
        .strictObject({
          keyId: z.string().regex(/^[0-9a-f]{32}$/),
          custody: z.string().meta({ description: 'ARN of the alias of the KMS key that encrypts this key.' }),
          pcr0: z
            .string()
            .regex(/^[0-9a-f]{96}$/)
            .meta({ description: 'PCR0 of the image that made this key.' }),
          epoch: z.int(),
          state: z.enum(['live', 'rotated', 'destroyed', 'revoked']),
          createdAt: instantSchema,
          rotateAfter: instantSchema,
          destroyAfter: instantSchema,
          revokedAt: instantSchema.nullable(),
          revokedBy: z.string().nullable(),
          revokedWhy: z.string().nullable(),
        })
        .meta({
          id: 'EnclaveKey',
          description: 'The metadata of one sealed key of the enclaves, without the sealed bytes.',
        }),
    ),
  })
  .meta({ id: 'EnclaveKeys', description: 'The newest key first.' });
export type AdminKeys = z.output<typeof adminKeysSchema>;

export const STATUS_EXAMPLE: Example = {
  summary: 'After one message',
  value: {
    queue: { waiting: 0, overdueMs: 0 },
    budget: {
      hour: { cap: '100.00', reserved: '0.00', spent: '0.03', resetsAt: '2026-11-29T19:00:00.000Z' },
      day: { cap: '500.00', reserved: '0.00', spent: '0.03', resetsAt: '2026-11-30T00:00:00.000Z' },
    },
    emergencyStop: { standing: false, since: null },
    rateLimits: { store: 'memory', degraded: false, degradedSince: null },
  } satisfies AdminStatus,
};
export const KEYS_EXAMPLE: Example = {
  summary: 'The first key',
  value: {
    keys: [
      {
        keyId: 'a7d7f96793800637c14d1cc9dfed3606',
        custody: 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-development-enclave',
        pcr0: '9c9a32a01774642027494f6c43fc830db87e6fce642ebae93406901f932c6fd25888f9c3de85e7c6b583571387e13db7',
        epoch: 1,
        state: 'live',
        createdAt: '2026-11-29T18:09:02.460Z',
        rotateAfter: '2026-11-30T18:09:02.000Z',
        destroyAfter: '2026-12-07T19:09:02.000Z',
        revokedAt: null,
        revokedBy: null,
        revokedWhy: null,
      },
    ],
  } satisfies AdminKeys,
};
