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
});
export type PageFacts = z.output<typeof pageFactsSchema>;
