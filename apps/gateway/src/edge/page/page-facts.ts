import * as z from 'zod';
import type { Example } from '../../core/routing/operation';

const measurement = z.string().regex(/^[0-9a-f]{96}$/);

/** Answer of GET /api/page. It is not signed: only the attestation document proves anything. */
export const pageFactsSchema = z
  .strictObject({
    acceptedMeasurements: z
      .array(
        z.strictObject({
          pcr0: measurement,
          pcr3: measurement.nullable().describe('The operator that the image is accepted under; null: any operator.'),
        }),
      )
      .describe('Enclaves that this gateway relays to.'),
    developmentRoot: z
      .string()
      .nullable()
      .describe(
        'PEM of the root that documents chain to in development; null in production, where that is the AWS root.',
      ),
    provesResidence: z
      .boolean()
      .describe('Whether this gateway gives its page what it takes to prove residence (the reference string).'),
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
          .describe(
            "What names this gateway's audience in the request for a code; null: the request needs no such parameter.",
          ),
      })
      .nullable()
      .describe('Where people sign in, with the authorization code flow and PKCE; null: people paste an access token.'),
    verifierUrl: z
      .url()
      .nullable()
      .describe(
        'Where the operator publishes communique-tee.mjs, the command that checks this service, on another server; null: not published.',
      ),
  })
  .meta({ id: 'PageFacts', description: 'The answer is not signed: the gateway only claims it.' });
export type PageFacts = z.output<typeof pageFactsSchema>;

export const PAGE_FACTS_EXAMPLE: Example = {
  summary: 'Of a gateway in production',
  value: {
    acceptedMeasurements: [
      {
        pcr0: '9c9a32a01774642027494f6c43fc830db87e6fce642ebae93406901f932c6fd25888f9c3de85e7c6b583571387e13db7',
        pcr3: 'a1d911c966dc9547fd0d2cb036bc8da8abf82f1306db697379eed57c2f2be024bf20900c783d6bd0b9d27802f23b13c0',
      },
    ],
    developmentRoot: null,
    provesResidence: false,
    signIn: {
      issuer: 'https://id.example/',
      clientId: 'communique-page',
      authorizationEndpoint: 'https://id.example/authorize',
      tokenEndpoint: 'https://id.example/token',
      scope: 'openid',
      audience: { parameter: 'audience', value: 'https://gateway.example' },
    },
    verifierUrl: 'https://releases.example/communique-tee.mjs',
  } satisfies PageFacts,
};
