import {
  CHAMBER_KEYS,
  SECRET_NAME,
  chamberFacts,
  forEachChamber,
  textUpTo,
  type Chamber,
} from '@communique-tee/protocol';
import * as z from 'zod';
import { authoritiesSchema, type Destination, destinationOf, originSchema } from '../../../egress';
import { secretValueSchema } from '../../../identity/secrets/operator-secrets';

const email = textUpTo(254).regex(/^[^@\s]+@[^.\s@]+\.[^\s@]+$/);

/**
 * The delivery agent that every CWC document names. Each operator registers its own delivery agent with Congress, so there is no default.
 * The schema of CWC sets the lengths and forms.
 */
export const deliveryAgentSchema = z.strictObject({
  name: textUpTo(500).min(4),
  ackEmail: email,
  contactName: textUpTo(500).min(6),
  contactEmail: email,
  contactPhone: z.string().regex(/^[0-9]{3}-[0-9]{3}-[0-9]{4}$/),
});
export type DeliveryAgent = z.output<typeof deliveryAgentSchema>;

const chamberSchema = (messagePath: string) =>
  z
    .strictObject({
      origin: originSchema,
      messagePath: z
        .string()
        .max(200)
        .regex(/^\/[A-Za-z0-9._~/-]*$/)
        .default(messagePath),
      /** Anyone who has the image can read this key, hence the name. */
      apiKeyReadableInImage: secretValueSchema.optional(),
      /**
       * Names the operator's secret that contains the key (configuration/configuration.ts, `secrets`). KMS decrypts this secret only for an
       * attested enclave that the KMS key's policy accepts.
       */
      apiKeySecret: z.string().regex(SECRET_NAME).optional(),
      /** PEM. The enclave trusts only these roots for this chamber's certificate. */
      certificateAuthorities: authoritiesSchema,
      /** Whether this chamber answers 409 for a DeliveryId that it accepted before. The operator must ask the chamber. */
      deduplicates: z.boolean(),
      /**
       * The length of a slot, in which one delivery starts. By default the enclave starts two deliveries a second. Authors of public clients
       * report that Congress allows a few a second.
       */
      minIntervalMs: z.int().min(0).max(60_000).default(500),
      /** The time limit of one delivery, from its slot to the end of the answer. It is also the longest wait for a slot. */
      timeoutMs: z.int().min(100).max(300_000).default(30_000),
    })
    .refine(hasOneApiKey, {
      path: ['apiKeyReadableInImage'],
      error: 'either apiKeyReadableInImage or apiKeySecret',
      when: ({ value }) => typeof value === 'object' && value !== null,
    })
    .refine(({ minIntervalMs, timeoutMs }) => minIntervalMs <= timeoutMs, {
      path: ['minIntervalMs'],
      error: 'at most timeoutMs, or a delivery may get no slot in time although the chamber is free',
    });

export const congressConfigSchema = z.strictObject({
  deliveryAgent: deliveryAgentSchema,
  ...forEachChamber((chamber) => chamberSchema(chamberFacts(chamber).production.messagePath)),
  /**
   * Must be true if a chamber does not deduplicate. The operator thereby accepts that a lying parent can have a message delivered twice.
   * Clients can read this setting.
   */
  acceptReplayAcrossEnclaves: z.boolean().default(false),
  /** A pending copy is tried again until the message expires. The waits double from the first to the longest. */
  retry: z
    .strictObject({
      firstSeconds: z.int().min(1).max(3600).default(30),
      longestSeconds: z.int().min(1).max(86_400).default(3600),
    })
    .refine(({ firstSeconds, longestSeconds }) => firstSeconds <= longestSeconds, {
      path: ['firstSeconds'],
      error: 'at most longestSeconds',
    })
    .prefault({}),
  limits: z
    .strictObject({
      /** Messages that are handled at the same time; further messages get `enclave_busy`. */
      maxConcurrent: z.int().min(1).max(1024).default(32),
      /**
       * The enclave remembers a delivery until its message expires, so that it makes none twice or too early (about 300 bytes each; 1.3 KiB
       * if an office explained its refusal).
       */
      maxRememberedDeliveries: z.int().min(100).max(5_000_000).default(200_000),
      /** The enclave keeps final answers, so that a repeated message gets the same answer (about 10 KiB each). */
      maxRememberedAnswers: z.int().min(10).max(100_000).default(4096),
    })
    .prefault({}),
});
export type CongressConfig = z.output<typeof congressConfigSchema>;
export type ChamberConfig = CongressConfig[Chamber];

export function congressDestinations(config: CongressConfig): Destination[] {
  return CHAMBER_KEYS.map((chamber) => destinationOf(config[chamber].origin));
}

/** Returns the names of the operator's secrets that delivery requires, without repetitions. */
export function congressSecrets(config: CongressConfig): string[] {
  return [...new Set(CHAMBER_KEYS.flatMap((chamber) => config[chamber].apiKeySecret ?? []))];
}

/**
 * Returns the longest time of one attempt at a message, in milliseconds. The copies are handled in parallel, so this is the longest time
 * of one copy: its wait for a slot of its chamber, then its delivery.
 */
export function longestAttemptMs(config: CongressConfig): number {
  return Math.max(
    ...CHAMBER_KEYS.map((chamber) => {
      const { minIntervalMs, timeoutMs } = config[chamber];
      return minIntervalMs === 0 ? timeoutMs : 2 * timeoutMs;
    }),
  );
}

/** `when` runs this check even if other fields are wrong, so that all errors are reported at once. */
function hasOneApiKey(chamber: { apiKeyReadableInImage?: unknown; apiKeySecret?: unknown }): boolean {
  return (chamber.apiKeyReadableInImage === undefined) !== (chamber.apiKeySecret === undefined);
}
