// This is a separate module so that the page can read an attested configuration without loading the rest of this folder.
import * as z from 'zod';
import { PROVIDERS, TASKS } from './vocabulary';
import {
  maxOutputTokensSchema,
  modelClassSchema,
  modelNameSchema,
  pricesSha256Schema,
  pricesVersionSchema,
} from './word-schemas';

/** The members of a model class that the attested public configuration and `GET /api/agents` show. */
export const modelClassMembers = {
  id: modelClassSchema.meta({ description: "The operator's short name for this model class." }),
  provider: z.enum(PROVIDERS).meta({ description: 'The provider, which reads the text of the task.' }),
  model: modelNameSchema.meta({ description: "The provider's exact name of the model." }),
  tasks: z
    .array(z.enum(TASKS))
    .min(1)
    .max(TASKS.length)
    .refine((tasks) => new Set(tasks).size === tasks.length)
    .meta({ uniqueItems: true, description: 'The tasks that this class takes.' }),
  maxOutputTokens: maxOutputTokensSchema.meta({
    description: 'The most output tokens that a request of this class may ask for.',
  }),
};

export const pricesMembers = {
  version: pricesVersionSchema.meta({ description: 'The date of the price table, and its number on that date.' }),
  sha256: pricesSha256Schema.meta({ description: 'SHA-256 of the price table (docs/agents.md), in hex.' }),
};
