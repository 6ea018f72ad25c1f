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
