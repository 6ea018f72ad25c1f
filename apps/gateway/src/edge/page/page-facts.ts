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
          pcr3: measurement.nullable().describe('The operator under which the image is accepted; null: any operator.'),
        }),
      )
      .describe('The measurements of enclaves to which this gateway relays messages.'),
    developmentRoot: z
      .string()
      .nullable()
      .describe(
        'In development, the root certificate of the attestation documents, in PEM; null in production, where the AWS root applies.',
      ),
    provesResidence: z
      .boolean()
      .describe('Whether this gateway serves the reference string, which its page needs to prove residence.'),
    signIn: z
      .strictObject({
        issuer: z.string().describe('The issuer that signs the tokens.'),
        clientId: z.string(),
        authorizationEndpoint: z.url(),
        tokenEndpoint: z.url(),
        scope: z.string(),
        audience: z
          .strictObject({ parameter: z.enum(['audience', 'resource']), value: z.string() })
          .nullable()
          .describe(
            "The parameter that names this gateway's audience in the authorization request; null: the request needs none.",
          ),
      })
      .nullable()
      .describe('How people sign in, with the authorization code flow and PKCE; null: people paste an access token.'),
    verifierUrl: z
      .url()
      .nullable()
      .describe(
        'The address on another server where the operator publishes communique-tee.mjs, the command that checks this service; null: not published.',
      ),
  })
  .meta({ id: 'PageFacts', description: 'What the gateway claims. The answer is not signed.' });
export type PageFacts = z.output<typeof pageFactsSchema>;

export const PAGE_FACTS_EXAMPLE: Example = {
  summary: 'A gateway in production',
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
