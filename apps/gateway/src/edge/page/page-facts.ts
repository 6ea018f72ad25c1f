import * as z from 'zod';

const measurement = z.string().regex(/^[0-9a-f]{96}$/);

/** Answer of GET /api/page. Nothing of it is signed: what proves anything is in the attestation document. */
export const pageFactsSchema = z.strictObject({
  acceptedMeasurements: z
    .array(
      z.strictObject({
        pcr0: measurement,
        pcr3: measurement.nullable().describe('The operator that the image is accepted under; null: any operator.'),
      }),
    )
    .describe('Enclaves that this gateway relays to. Its word.'),
  developmentRoot: z
    .string()
    .nullable()
    .describe(
      'PEM of the root that documents chain to in development; null in production, where that is the AWS root.',
    ),
  signIn: z
    .strictObject({
      issuer: z.string().describe('Who signs the tokens.'),
      clientId: z.string(),
      authorizationEndpoint: z.url(),
      tokenEndpoint: z.url(),
      scope: z.string(),
      audience: z
        .strictObject({ parameter: z.enum(['audience', 'resource']), value: z.string() })
        .nullable()
        .describe("What names this gateway's audience in the request for a code; null: nothing has to."),
    })
    .nullable()
    .describe('Where people sign in, with the authorization code flow and PKCE; null: with a token of their own only.'),
  verifierUrl: z
    .url()
    .nullable()
    .describe(
      'Where the operator publishes communique-tee.mjs, the command that checks this service, on another server; null: not published.',
    ),
});
export type PageFacts = z.output<typeof pageFactsSchema>;
