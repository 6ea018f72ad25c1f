import { LIMITS, RESIDENCE_ID_PATTERN, type PublicConfiguration } from '@communique-tee/protocol';
import { registrarOf, ResidenceNoteError, VERIFICATION_KEY_SHA256 } from '@communique-tee/residence';
import * as z from 'zod';

/**
 * Whether a message proves its sender's residence. `off`: no proof is accepted. `optional`: a message may have one. `required`: each
 * message must have one. This setting is measured, so neither the parent nor the registrar's host can change whose signatures count.
 */
export const residenceConfigSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('off') }),
  z
    .strictObject({
      mode: z.enum(['optional', 'required']),
      /**
       * The registrar's name. The name is part of a nullifier's scope, so after a change of name everyone could send once more in each
       * campaign.
       */
      registrar: z.string().regex(RESIDENCE_ID_PATTERN),
      /** Verifier keys of signed notes: one, or two while the registrar changes its key. */
      keys: z.array(z.string()).min(1).max(2),
      /** The longest campaign. The gateway does not know this limit: it keeps used nullifiers for 98 days in any case. */
      maxCampaignDays: z.int().min(1).max(LIMITS.maxCampaignDays).default(LIMITS.maxCampaignDays),
    })
    .refine(({ registrar, keys }) => areKeysOf(registrar, keys), {
      path: ['keys'],
      error: 'verifier keys of signed notes under the name of the registrar, none twice',
    }),
]);
export type ResidenceConfig = z.output<typeof residenceConfigSchema>;

/** Returns the part of the configuration that clients may read. */
export function publishedResidence(configuration: ResidenceConfig): PublicConfiguration['residence'] {
  return configuration.mode === 'off'
    ? configuration
    : { ...configuration, verificationKeySha256: VERIFICATION_KEY_SHA256 };
}

function areKeysOf(registrar: string, keys: readonly string[]): boolean {
  try {
    registrarOf(registrar, keys);
    return true;
  } catch (error) {
    if (error instanceof ResidenceNoteError) return false;
    throw error;
  }
}
