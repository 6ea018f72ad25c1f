import * as z from 'zod';

/** `GET /health` of the enclave: reachability only; what proves anything is the attestation document. */
export const enclaveHealthSchema = z.object({
  healthy: z.boolean(),
  /** Random, new at every start. */
  enclaveId: z.string().max(64),
  /** ISO 8601, by the enclave's clock. */
  timestamp: z.iso.datetime(),
});
export type EnclaveHealth = z.infer<typeof enclaveHealthSchema>;
