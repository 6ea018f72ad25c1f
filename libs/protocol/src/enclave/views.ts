import * as z from 'zod';

/** `GET /attestation` as JSON. Only what is inside `attestation_document` is signed; the rest is for reading. */
export const attestationViewSchema = z.object({
  /** Base64 of the COSE_Sign1 document. */
  attestation_document: z.string(),
  /** Index to hex; indexes whose value is all zero are left out. */
  pcrs: z.record(z.string(), z.string()),
  /** Base64 of each DER certificate, root first. */
  cabundle: z.array(z.string()),
  module_id: z.string(),
  /** Milliseconds since 1970, as in the document. */
  timestamp: z.number(),
});
export type AttestationView = z.infer<typeof attestationViewSchema>;

/** `GET /health` of the enclave: reachability only; what proves anything is the attestation document. */
export const enclaveHealthSchema = z.object({
  healthy: z.boolean(),
  /** Random, new at every start. */
  enclaveId: z.string().max(64),
  /** ISO 8601, by the enclave's clock. */
  timestamp: z.iso.datetime(),
});
export type EnclaveHealth = z.infer<typeof enclaveHealthSchema>;
