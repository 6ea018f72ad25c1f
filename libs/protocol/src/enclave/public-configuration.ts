import * as z from 'zod';
import { forEachChamber } from '../congress/chambers';
import { modelClassMembers, pricesMembers } from '../agents/model-class';
import { decodeCanonicalJson, encodeCanonicalJson } from '../encoding/canonical-json';
import { LIMITS } from '../limits';
import { ProtocolError } from '../problems';
import { custodySchema } from './key-binding';

export const MAX_PUBLIC_CONFIGURATION_BYTES = 16 * 1024;

const origin = z
  .string()
  .max(300)
  .regex(/^https:\/\/[a-z0-9.:[\]-]+$/);
/** `host:port`. An IPv6 address is in brackets. */
const destination = z
  .string()
  .max(300)
  .regex(/^[a-z0-9.:[\]-]+:[0-9]{1,5}$/);

const chamberSchema = z
  .strictObject({
    origin,
    deduplicates: z.boolean().meta({
      description: 'Whether the operator asserts that the chamber answers 409 for a DeliveryId that it took before.',
    }),
  })
  .meta({ id: 'Chamber', description: 'One chamber of Congress.' });

/**
 * The form of a registrar's id and of a campaign's id. These two ids make a proof's scope. No key is part of the scope, so the scope stays
 * the same when the registrar replaces its key.
 */
export const RESIDENCE_ID_PATTERN = /^[a-z0-9-]{1,64}$/;
/** A verifier key of C2SP signed-note: name, key hash, type and key. */
export const VERIFIER_KEY_PATTERN = /^[a-z0-9-]{1,64}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/;

const residenceSchema = z.union([
  z.strictObject({ mode: z.literal('off') }),
  z.strictObject({
    mode: z.enum(['optional', 'required']),
    registrar: z.string().regex(RESIDENCE_ID_PATTERN),
    keys: z.array(z.string().regex(VERIFIER_KEY_PATTERN)).min(1).max(2).meta({
      description: "The registrar's verifier keys: one, or two while the registrar replaces its key.",
    }),
    maxCampaignDays: z
      .int()
      .min(1)
      .max(LIMITS.maxCampaignDays)
      .meta({ description: 'How many days a campaign may last at most.' }),
    verificationKeySha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .meta({ description: "SHA-256 of the circuit's verification key." }),
  }),
]);

const agentsSchema = z.strictObject({
  classes: z
    .array(z.strictObject(modelClassMembers))
    .min(1)
    .max(16)
    .refine((classes) => new Set(classes.map(({ id }) => id)).size === classes.length)
    .meta({ description: 'The model classes that a task can name.' }),
  pricesVersion: pricesMembers.version,
  pricesSha256: pricesMembers.sha256,
});

/**
 * The part of an enclave's measured configuration that clients can check. It contains no API key, no name of a secret and no
 * ciphertext. `GET /attestation/configuration` serves it as canonical JSON (RFC 8785). The key binding in every attestation
 * document contains the SHA-256 of exactly these bytes.
 *
 * A configuration with an unknown member is refused, because a client cannot judge it. A new member needs a new version.
 */
export const publicConfigurationSchema = z
  .strictObject({
    version: z.literal(3),
    stack: z
      .string()
      .regex(/^[a-z0-9-]{1,32}$/)
      .meta({ description: "The operator's name for this deployment: `production`, `staging`, ..." }),
    custody: custodySchema.meta({
      description: 'How the enclave keeps its keys, as in the key binding: `process`, or the ARN of a KMS key alias.',
    }),
    residence: residenceSchema.meta({
      description: 'Whether the sender of a message proves residence, and which keys sign the notes that a proof uses.',
    }),
    legacySuite: z.boolean().meta({ description: 'Whether the enclave also opens messages of the legacy suite.' }),
    egress: z
      .array(destination)
      .max(64)
      .meta({ description: 'Every host that the enclave can connect to, in ascending order.' }),
    services: z
      .strictObject({
        congress: z
          .strictObject({
            acceptReplayAcrossEnclaves: z.boolean().meta({
              description: 'Whether the operator accepts that a lying parent can have a message delivered twice.',
            }),
            officesAsOf: z
              .string()
              .regex(/^\d{4}-\d{2}-\d{2}$/)
              .meta({ description: 'The date of the table of offices that the enclave uses.' }),
            ...forEachChamber(() => chamberSchema),
          })
          .optional()
          .meta({ description: 'Delivers messages to the chambers of Congress.' }),
        agents: agentsSchema.optional().meta({ description: "Does tasks with providers' models." }),
      })
      .meta({ description: 'What the enclave does for people. A service that is not named is off.' }),
  })
  .meta({
    id: 'EnclaveConfiguration',
    description: 'The part of the measured configuration that clients can check and may reject. It contains no secret.',
  });
export type PublicConfiguration = z.infer<typeof publicConfigurationSchema>;

/**
 * Returns canonical JSON (RFC 8785): members in ascending order, no white space.
 * @throws ProtocolError `malformed_body`, `body_too_large`
 */
export function encodePublicConfiguration(configuration: PublicConfiguration): Uint8Array {
  const bytes = encodeCanonicalJson(configuration);
  decodePublicConfiguration(bytes);
  return bytes;
}

/** Reads only the canonical form. @throws ProtocolError `malformed_body`, `body_too_large` */
export function decodePublicConfiguration(bytes: Uint8Array): PublicConfiguration {
  const parsed = publicConfigurationSchema.safeParse(decodeCanonicalJson(bytes, MAX_PUBLIC_CONFIGURATION_BYTES));
  const isAscending = parsed.data?.egress.every((each, at, all) => at === 0 || each > (all[at - 1] ?? ''));
  if (!parsed.success || isAscending !== true) throw new ProtocolError('malformed_body', 'not a public configuration');
  return parsed.data;
}
