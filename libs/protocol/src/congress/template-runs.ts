import * as z from 'zod';
import { instantSchema } from '../encoding/instant';
import { AGENT_ENDS } from '../agents/ends';
import { PROVIDERS, TASKS } from '../agents/vocabulary';
import { modelNameSchema } from '../agents/word-schemas';
import { MAX_STATEMENT_CHARACTERS, usageSchema } from '../agents/usage-statement';
import { MESSAGE_ID_PATTERN } from '../messages/message-id';
import { parseTemplateInput, type TemplateResult } from './managed-template';

export const MAX_TEMPLATE_RUNS = 500;

const microDollars = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,17})$/)
  .meta({ description: 'Micro-dollars: a whole number in decimal.' });
const requestId = z.string().regex(MESSAGE_ID_PATTERN);

/** `POST /api/admin/templates/:id/runs`. */
export const newTemplateRunSchema = z
  .strictObject({
    requestId: requestId.meta({
      description: 'The id of a task of the caller that has ended with a verified usage statement.',
    }),
    task: z
      .enum(TASKS)
      .meta({ description: 'The kind of task. The caller names it, because the gateway cannot read the sealed task.' }),
  })
  .meta({ id: 'NewTemplateRun', description: 'A task that an administrator gave to a model for a template.' });
export type NewTemplateRun = z.infer<typeof newTemplateRunSchema>;

export const templateRunSchema = z
  .strictObject({
    requestId,
    attempt: z.union([z.literal(1), z.literal(2)]),
    task: z.enum(TASKS),
    provider: z.enum(PROVIDERS),
    model: modelNameSchema,
    end: z.enum(AGENT_ENDS),
    usage: usageSchema.nullable(),
    pricesVersion: z.string(),
    costMicroUsd: microDollars,
    statement: z
      .string()
      .max(MAX_STATEMENT_CHARACTERS)
      .meta({ description: 'The usage statement, a JWS that the gateway verified.' }),
    recordedAt: instantSchema,
    by: z.string().meta({
      description: 'The administrator: base64url of SHA-256 over the issuer and subject of the token.',
    }),
  })
  .meta({ id: 'TemplateRun', description: 'One attempt at a provider, as its signed usage statement has it.' });
export type TemplateRun = z.infer<typeof templateRunSchema>;

/** The answer to GET and POST of `/api/admin/templates/:id/runs`. */
export const templateRunsSchema = z
  .strictObject({
    runs: z.array(templateRunSchema),
    costBreakdown: z
      .array(
        z.strictObject({
          provider: z.enum(PROVIDERS),
          model: modelNameSchema,
          attempts: z.int().positive(),
          costMicroUsd: microDollars,
        }),
      )
      .meta({ description: 'The cost of the runs, by provider and model.' }),
  })
  .meta({ id: 'TemplateRuns', description: 'The attempts at providers for one template, the earliest first.' });
export type TemplateRuns = z.infer<typeof templateRunsSchema>;

export function parseNewTemplateRun(value: unknown): TemplateResult<NewTemplateRun> {
  return parseTemplateInput(newTemplateRunSchema, value);
}
