import * as z from 'zod';

const target = z.discriminatedUnion('kind', [
  /**
   * Requests that the gateway's enclave client makes. With `message`, the enclave opens a sealed text, finds that it is not a message, and
   * answers with a receipt.
   */
  z.object({ kind: z.literal('enclave'), address: z.string(), ask: z.enum(['health', 'message', 'attestation']) }),
  z.object({ kind: z.literal('gateway'), origin: z.string(), withNonce: z.boolean() }),
]);

export const jobSchema = z.object({
  target,
  senders: z.int().min(1),
  warmUpMs: z.number(),
  /** The load ends at `durationMs` or `requests`, whichever comes first. */
  durationMs: z.number().optional(),
  requests: z.int().optional(),
});
export type EnclaveLoadJob = z.infer<typeof jobSchema>;

export const resultSchema = z.object({
  count: z.int(),
  ratePerSecond: z.number(),
  p50: z.number(),
  p99: z.number(),
  /** How many different attestation documents the answers had. */
  distinctDocuments: z.int(),
});
export type EnclaveLoadResult = z.infer<typeof resultSchema>;
