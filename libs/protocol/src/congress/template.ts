import * as z from 'zod';
import { textUpTo } from '../encoding/characters';
import { instantSchema } from '../encoding/instant';
import { CHAMBER_KEYS, type Chamber } from './chambers';
import { billsSchema, bodySchema, stanceSchema, subjectSchema, topicsSchema } from './message-words';
import { text, webAddress } from './text';

/**
 * A public text of a campaign that a person can start a message from. Clients fetch the whole published list and choose locally. A
 * request for one template would reveal the campaign to the gateway just before the message arrives.
 */

export const MAX_PUBLISHED_TEMPLATES = 200;
/** The most bytes of the published list as JSON. Every client fetches the whole list. */
export const MAX_PUBLISHED_LIST_BYTES = 512 * 1024;
/** The most bytes of a campaign note in UTF-8. */
export const MAX_CAMPAIGN_NOTE_BYTES = 400;
const MAX_SOURCES = 20;

const chamberKeys = CHAMBER_KEYS as readonly [Chamber, ...Chamber[]];
/** The name of a template in a link: `/#template=<slug>`. */
export const templateSlug = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/);
/** A registrar can sign a campaign id of this form, and a sealed message can name it. CongressMessage requires two characters. */
export const CAMPAIGN_ID_PATTERN = /^[a-z0-9-]{2,64}$/;
const campaignId = z.string().regex(CAMPAIGN_ID_PATTERN);
const campaignNote = textUpTo(MAX_CAMPAIGN_NOTE_BYTES).meta({ maxLength: MAX_CAMPAIGN_NOTE_BYTES });

/** `text` with lengths for the OpenAPI document. Lengths in that document count all characters, also invisible ones. */
const words = (minLength: number, maxLength: number) => text(minLength, maxLength).meta({ minLength, maxLength });

export const templateWords = {
  title: text(2, 200).meta({ description: 'The title that people see in a list.', minLength: 2, maxLength: 200 }),
  description: words(2, 1000).nullable(),
  category: words(2, 100).nullable().meta({ description: 'The heading under which a list shows the template.' }),
  language: z
    .string()
    .regex(/^[a-z]{2,3}$/)
    .meta({ description: 'The ISO 639 code of the language.' }),
  topics: topicsSchema,
  subject: subjectSchema.meta({ minLength: 6, maxLength: 500 }),
  body: bodySchema.meta({ minLength: 6, maxLength: 10_000 }),
  stance: stanceSchema.nullable(),
  bills: billsSchema,
  officeScope: z
    .array(z.enum(chamberKeys))
    .min(1)
    .max(chamberKeys.length)
    .refine((chambers) => new Set(chambers).size === chambers.length, { params: { rule: 'repeated' } })
    .meta({ description: 'The chambers for which the text is written.', uniqueItems: true }),
  campaignId: campaignId.meta({
    description: 'The campaign id that messages from this template have. Templates in several languages share one.',
  }),
  campaignNote: campaignNote
    .nullable()
    .meta({ description: "The registrar's signed note for this campaign; null if there is none." }),
  sources: z
    .array(z.strictObject({ title: words(2, 200), url: webAddress }))
    .max(MAX_SOURCES)
    .meta({ description: 'Sources that support the text.' }),
};
export const templateContentSchema = z.strictObject(templateWords);
export type TemplateContent = z.infer<typeof templateContentSchema>;

export const templateIdentity = {
  id: z.string().meta({ format: 'uuid' }),
  slug: templateSlug,
};
export const templateVersionMembers = {
  version: z.int().positive().meta({ description: 'A number that each change increases by one.' }),
  contentSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .meta({ description: 'SHA-256 of the words that people see, as canonical JSON (RFC 8785).' }),
  updatedAt: instantSchema,
};

/** One template in the answer of `GET /api/templates`. */
export const templateSchema = z
  .strictObject({ ...templateIdentity, ...templateWords, ...templateVersionMembers })
  .meta({ id: 'Template', description: 'A published text that a message can start from.' });
export type Template = z.infer<typeof templateSchema>;

export const templateListSchema = z
  .strictObject({ templates: z.array(templateSchema).max(MAX_PUBLISHED_TEMPLATES) })
  .meta({ id: 'TemplateList', description: 'Every published template, in ascending order of the slug.' });
export type TemplateList = z.infer<typeof templateListSchema>;
