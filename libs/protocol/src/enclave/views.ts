import * as z from 'zod';

/** `GET /attestation` as JSON. Only what is inside `attestation_document` is signed. The rest is for reading. */
export const attestationViewSchema = z
  .object({
    attestation_document: z.string().meta({ description: 'The COSE_Sign1 document in base64. Verify this document.' }),
    pcrs: z
      .record(z.string(), z.string())
      .meta({ description: 'The measurements by index, in hex. Measurements that are all zero are left out.' }),
    cabundle: z
      .array(z.string())
      .meta({ description: 'The certificates (DER) in base64, the root first. The leaf is in the document.' }),
    module_id: z.string().meta({ description: 'The id of the NSM that signed the document.' }),
    timestamp: z.number().meta({ description: "Milliseconds since 1970, by the NSM's clock." }),
  })
  .meta({
    id: 'Attestation',
    description:
      'An attestation document, and beside it a copy of some of its fields for reading. Only the document is signed.',
  });
export type AttestationView = z.infer<typeof attestationViewSchema>;
