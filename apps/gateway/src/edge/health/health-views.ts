import { HEALTH_REASONS } from '@communique-tee/protocol';
import * as z from 'zod';
import type { Example } from '../../core/routing/operation';

export const livenessSchema = z
  .strictObject({ status: z.literal('ok') })
  .meta({ id: 'Liveness', description: 'The process runs.' });
export const LIVENESS_EXAMPLE: Example = {
  summary: 'It runs',
  value: { status: 'ok' } satisfies z.output<typeof livenessSchema>,
};

export const readinessSchema = z
  .strictObject({
    status: z.literal('ready'),
    keys: z.enum(['ready', 'waiting', 'unknown']).meta({
      description: 'Whether at least one enclave has its keys. The status code of the answer does not depend on it.',
    }),
    enclave: z.enum(['healthy', ...HEALTH_REASONS, 'enclave_unhealthy', 'unknown']).meta({
      description:
        '`healthy` if at least one enclave reports itself healthy, otherwise the reason of the first enclave. The status code of the answer does not depend on it.',
    }),
  })
  .meta({ id: 'Readiness', description: 'New work may be sent here.' });
export const READINESS_EXAMPLE: Example = {
  summary: 'Ready',
  value: { status: 'ready', keys: 'ready', enclave: 'healthy' } satisfies z.output<typeof readinessSchema>,
};

const STATUS = {
  status: z.enum(['up', 'degraded', 'down']),
  code: z.string().optional().meta({ description: 'Why this part is not up, as a stable code.' }),
};
const keyId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .nullable();
const indicators = {
  enclave: z
    .looseObject({
      ...STATUS,
      enclaves: z.array(
        z.looseObject({
          index: z.int(),
          up: z.boolean(),
          reasons: z.array(z.string()).meta({
            description:
              'Why the enclave is not healthy. `clock_drift`: the clock of its machine is more than a minute off the attested time. `every_certificate_refused`: the enclave refuses every certificate of a destination.',
          }),
          trusted: z.boolean().meta({ description: 'Whether this gateway has verified its attestation document.' }),
          keyId,
        }),
      ),
    })
    .meta({ id: 'EnclaveIndicator' }),
  attestation: z
    .looseObject({
      ...STATUS,
      ageMs: z.number().optional().meta({ description: 'Milliseconds since the last check of the enclave.' }),
    })
    .meta({ id: 'AttestationIndicator' }),
  keys: z
    .looseObject({
      ...STATUS,
      enclaves: z.array(
        z.looseObject({
          index: z.int(),
          custody: z.string().nullable().meta({
            description:
              'How the enclave keeps its keys: `process` (they end with its process), or the ARN of the alias of the KMS key that encrypts them.',
          }),
          state: z
            .enum(['ready', 'waiting', 'unknown'])
            .meta({ description: '`waiting`: the enclave takes no messages yet.' }),
          keyId,
          held: z.int().nullable().meta({ description: 'How many keys the enclave has.' }),
          kms: z
            .string()
            .nullable()
            .meta({ description: "Why the enclave's last call to KMS failed; null if the call did not fail." }),
        }),
      ),
    })
    .meta({ id: 'KeysIndicator' }),
  database: z.looseObject(STATUS).meta({ id: 'Indicator' }),
  queue: z
    .looseObject({
      ...STATUS,
      waiting: z.enum(['0', 'below_10', 'below_100', '100_or_more']).optional().meta({
        description:
          'The approximate number of messages that wait. Operators get the exact number from `getAdminStatus` and from the metrics.',
      }),
      overdueMs: z.number().optional(),
    })
    .meta({ id: 'QueueIndicator' }),
  agents: z
    .looseObject({
      ...STATUS,
      on: z.boolean().meta({ description: 'Whether tasks for models are accepted.' }),
      off: z
        .array(z.looseObject({ provider: z.string(), model: z.string(), why: z.string() }))
        .optional()
        .meta({
          description:
            'Models that are off. The model `*` means every model of the provider. `why` is `above_reservation` or `free_tier` (until an operator clears it), or `no_price` (the price tables of enclave and gateway have no price for this day).',
        }),
    })
    .meta({ id: 'AgentsIndicator' }),
};
const all = z.strictObject({
  enclave: indicators.enclave,
  attestation: indicators.attestation,
  keys: indicators.keys,
  database: indicators.database,
  redis: indicators.database,
  queue: indicators.queue,
  budget: indicators.database,
  agents: indicators.agents,
});

/** The shape in which Terminus reports the indicators (tee-indicators.ts). */
export const teeHealthSchema = z
  .strictObject({
    status: z.enum(['ok', 'degraded', 'error', 'shutting_down']),
    info: all.partial().meta({ description: 'The indicators that are up or degraded.' }),
    error: all.partial().meta({ description: 'The indicators that are down.' }),
    details: all.meta({ description: 'All indicators.' }),
  })
  .meta({
    id: 'TeeHealth',
    description: 'Whether messages can be accepted and delivered, and if not, why.',
  });
export type TeeHealth = z.output<typeof teeHealthSchema>;

/** Example: every part of a healthy gateway with one enclave. */
const PARTS = {
  enclave: {
    enclaveId: 'f64b1e53-9601-4910-9d69-c8c823aebe3a',
    enclaves: [{ index: 0, up: true, reasons: [], trusted: true, keyId: 'a7d7f96793800637c14d1cc9dfed3606' }],
    status: 'up',
  },
  attestation: {
    moduleId: 'i-development-enca6d4b1b038b5141e',
    pcr0: '9c9a32a01774642027494f6c43fc830db87e6fce642ebae93406901f932c6fd25888f9c3de85e7c6b583571387e13db7',
    ageMs: 11042,
    status: 'up',
  },
  keys: {
    enclaves: [
      {
        index: 0,
        custody: 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-development-enclave',
        state: 'ready',
        keyId: 'a7d7f96793800637c14d1cc9dfed3606',
        held: 1,
        kms: null,
      },
    ],
    status: 'up',
  },
  database: { status: 'up' },
  redis: { store: 'memory', status: 'up' },
  queue: { waiting: '0', overdueMs: 0, status: 'up' },
  budget: { status: 'up' },
  agents: { on: false, status: 'up' },
} satisfies TeeHealth['details'];

export const TEE_UP_EXAMPLE: Example = {
  summary: 'Everything is up',
  value: {
    status: 'ok',
    info: PARTS,
    error: {},
    details: PARTS,
  } satisfies TeeHealth,
};
export const TEE_DOWN_EXAMPLE: Example = {
  summary: 'The enclave cannot be reached',
  value: {
    status: 'error',
    info: {
      attestation: {
        moduleId: 'i-development-enca6d4b1b038b5141e',
        pcr0: '9c9a32a01774642027494f6c43fc830db87e6fce642ebae93406901f932c6fd25888f9c3de85e7c6b583571387e13db7',
        ageMs: 14093,
        status: 'up',
      },
      keys: {
        enclaves: [
          {
            index: 0,
            custody: 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-development-enclave',
            state: 'ready',
            keyId: 'a7d7f96793800637c14d1cc9dfed3606',
            held: 1,
            kms: null,
          },
        ],
        status: 'up',
      },
      database: { status: 'up' },
      redis: { store: 'memory', status: 'up' },
      queue: { waiting: '0', overdueMs: 0, status: 'up' },
      budget: { status: 'up' },
      agents: { on: false, status: 'up' },
    },
    error: {
      enclave: {
        code: 'enclave_unavailable',
        cause: 'ECONNREFUSED',
        enclaves: [{ index: 0, up: false, reasons: [], trusted: true, keyId: 'a7d7f96793800637c14d1cc9dfed3606' }],
        status: 'down',
      },
    },
    details: {
      attestation: {
        moduleId: 'i-development-enca6d4b1b038b5141e',
        pcr0: '9c9a32a01774642027494f6c43fc830db87e6fce642ebae93406901f932c6fd25888f9c3de85e7c6b583571387e13db7',
        ageMs: 14093,
        status: 'up',
      },
      keys: {
        enclaves: [
          {
            index: 0,
            custody: 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-development-enclave',
            state: 'ready',
            keyId: 'a7d7f96793800637c14d1cc9dfed3606',
            held: 1,
            kms: null,
          },
        ],
        status: 'up',
      },
      database: { status: 'up' },
      redis: { store: 'memory', status: 'up' },
      queue: { waiting: '0', overdueMs: 0, status: 'up' },
      budget: { status: 'up' },
      agents: { on: false, status: 'up' },
      enclave: {
        code: 'enclave_unavailable',
        cause: 'ECONNREFUSED',
        enclaves: [{ index: 0, up: false, reasons: [], trusted: true, keyId: 'a7d7f96793800637c14d1cc9dfed3606' }],
        status: 'down',
      },
    },
  } satisfies TeeHealth,
};
