import * as z from 'zod';
import { base64Text } from '../encoding/base64-text';
import { MESSAGE_ID_PATTERN } from '../messages/message-id';
import { modelClassMembers, pricesMembers } from './model-class';
import { MAX_STATEMENT_CHARACTERS } from './usage-statement';

/**
 * The answer of `GET /api/agents`. A client uses it only to learn which classes are off now. It takes the classes themselves from the
 * attested configuration.
 */
export const agentOfferSchema = z
  .strictObject({
    on: z.boolean().meta({ description: 'Whether the gateway takes tasks.' }),
    classes: z
      .array(
        z.strictObject({
          ...modelClassMembers,
          available: z
            .boolean()
            .meta({ description: 'False if this model or its provider is off until an operator clears it.' }),
        }),
      )
      .max(16),
    prices: z.strictObject(pricesMembers).nullable().meta({ description: 'Null if the gateway takes no tasks.' }),
  })
  .meta({ id: 'AgentOffer', description: 'The model classes that tasks can name.' });
export type AgentOffer = z.infer<typeof agentOfferSchema>;

const statement = z
  .string()
  .min(1)
  .max(MAX_STATEMENT_CHARACTERS)
  .meta({ description: 'The usage statement of the last attempt: a JWS in compact form.' });
const attestationDocument = base64Text(3, 24_000).meta({
  description: 'The attestation document with the key that signed the statement, in base64.',
});

/** The answer of `POST /api/agents` with 200. */
export const agentResultSchema = z
  .strictObject({
    id: z.string().regex(MESSAGE_ID_PATTERN).meta({ format: 'uuid', description: 'The request id.' }),
    answer: base64Text(3, 24_000).meta({ description: 'The sealed answer in its CBOR form, in base64.' }),
    statement,
    attestationDocument,
    attempts: z
      .union([z.literal(1), z.literal(2)])
      .meta({ description: 'How many attempts at the provider the task took.' }),
  })
  .meta({ id: 'AgentResult', description: 'A sealed answer, and the signed usage statement with its cost.' });
export type AgentResult = z.infer<typeof agentResultSchema>;

/** The members that only the problem `provider_unavailable` has. They prove the charge. */
export const providerUnavailableMembers = { statement, attestationDocument };
