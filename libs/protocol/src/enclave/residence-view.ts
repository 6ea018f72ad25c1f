import * as z from 'zod';
import { RESIDENCE_ID_PATTERN, VERIFIER_KEY_PATTERN } from './public-configuration';

/**
 * `GET /api/residence`: the gateway's configuration for proofs of residence. A client takes only `files` from it, and the rest from
 * the enclave's attested configuration (public-configuration.ts).
 */
export const residenceViewSchema = z
  .discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('off') }),
    z.strictObject({
      mode: z.enum(['optional', 'required']).meta({
        description: '`optional`: a message with a proof needs no token. `required`: every message needs a proof.',
      }),
      registrar: z.string().regex(RESIDENCE_ID_PATTERN).meta({ description: 'The id of the registrar.' }),
      keys: z.array(z.string().regex(VERIFIER_KEY_PATTERN)).min(1).max(2).meta({
        description:
          "The registrar's verifier keys (C2SP signed-note): one, or two while the registrar replaces its key.",
      }),
      files: z
        .string()
        .max(1025)
        .regex(/^https?:\/\/.+\/$/)
        .meta({ description: "The address of the registrar's static files. It ends with a slash." }),
      verificationKeySha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .meta({ description: "SHA-256 of the circuit's verification key." }),
    }),
  ])
  .meta({ id: 'Residence', description: 'How the sender of a message proves residence.' });
export type ResidenceView = z.infer<typeof residenceViewSchema>;
