import * as z from 'zod';

/** The stack's outputs that the command reads. */
const schema = z.object({
  url: z.url({ protocol: /^https$/ }).max(500),
  addressForTheHouse: z.string().max(64).optional(),
  addressesForTheHouse: z.array(z.string().max(64)).max(8).optional(),
  balancerName: z.string().max(300).optional(),
  measurements: z.object({ pcr0: z.string().regex(/^[0-9a-f]{96}$/) }),
  operator: z.object({ roleArn: z.string().max(300), pcr3: z.string().regex(/^[0-9a-f]{96}$/) }),
  policy: z.record(z.string(), z.unknown()),
  rollout: z.object({
    group: z.string().max(255),
    template: z.object({ id: z.string().max(64), version: z.string().regex(/^\d{1,9}$/) }),
    preferences: z.object({
      minHealthyPercentage: z.number(),
      maxHealthyPercentage: z.number(),
      autoRollback: z.boolean(),
      skipMatching: z.boolean(),
    }),
  }),
  secrets: z.record(z.string().max(200), z.string().max(2048)),
  monthlyCost: z.object({
    pricesOf: z.string(),
    knownUsd: z.string(),
    byUse: z.array(z.unknown()),
    unknown: z.array(z.string()),
  }),
});

export type Outputs = z.output<typeof schema>;

/** @returns undefined if one of these outputs is missing or has another form */
export const parseOutputs = (outputs: unknown): Outputs | undefined => schema.safeParse(outputs).data;
