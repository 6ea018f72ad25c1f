import * as z from 'zod';
import { textUpTo } from '../encoding/characters';
import { instantSchema } from '../encoding/instant';
import type { FieldProblem } from '../problems';
import { CHAMBER_KEYS, type Chamber } from './chambers';
import { valueAt } from './field-problems';
import { FIELD_FORMS, type FieldRule, ruleOf } from './field-rules';
import { billsSchema, bodySchema, stanceSchema, subjectSchema, topicsSchema } from './message-words';
import { text, webAddress } from './text';

/**
 * A public text of a campaign that a person can start a message from. Clients fetch the whole published list and choose locally: a
 * request that named one would tell the gateway the campaign just before a message. Limits are those of the message's fields.
 */

export const TEMPLATE_STATUSES = ['draft', 'published', 'archived'] as const;
export type TemplateStatus = (typeof TEMPLATE_STATUSES)[number];

/** Templates of one gateway, in every status. */
export const MAX_TEMPLATES = 500;
export const MAX_PUBLISHED_TEMPLATES = 200;
/** Bytes of the published list as JSON, which every client fetches whole. */
export const MAX_PUBLISHED_LIST_BYTES = 512 * 1024;
/** Bytes of a campaign note in UTF-8. */
export const MAX_CAMPAIGN_NOTE_BYTES = 400;
const MAX_SOURCES = 20;
const MAX_TOXICITY = 1;
const MAX_PROBLEMS = 50;

const chamberKeys = CHAMBER_KEYS as readonly [Chamber, ...Chamber[]];
/** As in a link: `/#template=<slug>`. */
const slug = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/);
/** A campaign id that a registrar can sign, and that Congress takes (two characters at least). */
const campaignId = z.string().regex(/^[a-z0-9-]{2,64}$/);
const campaignNote = textUpTo(MAX_CAMPAIGN_NOTE_BYTES);

const words = {
  title: text(2, 200).describe('What people see in a list.'),
  description: text(2, 1000).nullable(),
  category: text(2, 100).nullable().describe('The heading that the list shows it under.'),
  language: z
    .string()
    .regex(/^[a-z]{2,3}$/)
    .describe('ISO 639.'),
  topics: topicsSchema,
  subject: subjectSchema,
  body: bodySchema,
  stance: stanceSchema.nullable(),
  bills: billsSchema,
  officeScope: z
    .array(z.enum(chamberKeys))
    .min(1)
    .max(chamberKeys.length)
    .refine((chambers) => new Set(chambers).size === chambers.length, { params: { rule: 'repeated' } })
    .describe('The chambers that it is written for.'),
  campaignId: campaignId.describe('The campaign id of the message. Templates in several languages share one.'),
  campaignNote: campaignNote
    .nullable()
    .describe("The registrar's signed note for this campaign; null where there is none."),
  sources: z
    .array(z.strictObject({ title: text(2, 200), url: webAddress }))
    .max(MAX_SOURCES)
    .describe('What supports the text.'),
};
export const templateContentSchema = z.strictObject(words);
export type TemplateContent = z.infer<typeof templateContentSchema>;

export const moderationSchema = z
  .strictObject({
    flagged: z.boolean().describe('Whether it must not be published.'),
    severity: z.enum(['none', 'low', 'medium', 'high']),
    toxicity: z.number().min(0).max(MAX_TOXICITY),
  })
  .meta({ id: 'TemplateModeration', description: 'The judgment of an editor, or of a program that helps one.' });
export type TemplateModeration = z.infer<typeof moderationSchema>;

/** `POST /api/templates`. What is left out is null or empty. */
export const newTemplateSchema = z
  .strictObject({
    slug,
    ...words,
    description: words.description.optional(),
    category: words.category.optional(),
    stance: words.stance.optional(),
    bills: words.bills.optional(),
    campaignNote: words.campaignNote.optional(),
    sources: words.sources.optional(),
  })
  .meta({ id: 'NewTemplate', description: 'A template, which begins as a draft.' });
export type NewTemplate = z.infer<typeof newTemplateSchema>;

/** `PATCH /api/templates/:id`: members that are given replace the whole of what was there. */
export const templateChangeSchema = z
  .strictObject({
    version: z.int().positive().max(2_147_483_646).describe('The version that the change was made from.'),
    ...z.object(words).partial().shape,
    status: z.enum(TEMPLATE_STATUSES).optional(),
    moderation: moderationSchema.nullable().optional(),
  })
  .meta({ id: 'TemplateChange', description: 'What changes; the rest stays.' });
export type TemplateChange = z.infer<typeof templateChangeSchema>;

const identity = {
  id: z.string().meta({ format: 'uuid' }),
  slug,
};
const standing = {
  version: z.int().positive().describe('Rises with each change.'),
  contentSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('SHA-256 of what people are shown, as canonical JSON (RFC 8785).'),
  updatedAt: instantSchema,
};

/** One of `GET /api/templates`. */
export const templateSchema = z
  .strictObject({ ...identity, ...words, ...standing })
  .meta({ id: 'Template', description: 'A published text that a message can start from.' });
export type Template = z.infer<typeof templateSchema>;

export const templateListSchema = z
  .strictObject({ templates: z.array(templateSchema).max(MAX_PUBLISHED_TEMPLATES) })
  .meta({ id: 'TemplateList', description: 'Every published template, in ascending order of the slug.' });
export type TemplateList = z.infer<typeof templateListSchema>;

/** One of `GET /api/admin/templates`, and the answer to POST and PATCH. */
export const managedTemplateSchema = z
  .strictObject({
    ...identity,
    ...words,
    ...standing,
    status: z.enum(TEMPLATE_STATUSES),
    createdAt: instantSchema,
    moderation: moderationSchema.nullable(),
    originalContent: z
      .strictObject({ title: words.title, subject: words.subject, body: words.body })
      .describe('The words that the template was created with.'),
    changeLog: z
      .array(
        z.strictObject({
          version: z.int().positive(),
          at: instantSchema,
          by: z.string().describe('The administrator: base64url of SHA-256 over the issuer and subject of the token.'),
          fields: z.array(z.string()),
        }),
      )
      .describe('The latest hundred changes, the latest last.'),
  })
  .meta({ id: 'ManagedTemplate', description: 'A template with all that an administrator sees of it.' });
export type ManagedTemplate = z.infer<typeof managedTemplateSchema>;

export const managedTemplateListSchema = z
  .strictObject({ templates: z.array(managedTemplateSchema) })
  .meta({ id: 'ManagedTemplateList', description: 'Every template in every status, the latest changed first.' });
export type ManagedTemplateList = z.infer<typeof managedTemplateListSchema>;

export type TemplateResult<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problems: FieldProblem[] };

export function parseNewTemplate(value: unknown): TemplateResult<NewTemplate> {
  return parse(newTemplateSchema, value);
}

export function parseTemplateChange(value: unknown): TemplateResult<TemplateChange> {
  return parse(templateChangeSchema, value);
}

function parse<Value>(schema: z.ZodType<Value>, value: unknown): TemplateResult<Value> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, problems: parsed.error.issues.slice(0, MAX_PROBLEMS).map((issue) => toProblem(issue, value)) };
}

/** The form of each field that has one, as the end of a sentence. */
const FORMS: Readonly<Record<string, string>> = {
  '/slug': 'must be 1 to 64 lower-case letters, digits and hyphens, such as parks-2026',
  '/language': 'must be the ISO 639 code of a language, such as en',
  '/topics/*': FIELD_FORMS['/message/topics/*'] ?? '',
  '/bills/*/congress': FIELD_FORMS['/message/bills/*/congress'] ?? '',
  '/bills/*/type': FIELD_FORMS['/message/bills/*/type'] ?? '',
  '/bills/*/number': FIELD_FORMS['/message/bills/*/number'] ?? '',
  '/stance': 'must be pro, con or null',
  '/officeScope/*': `must be one of ${CHAMBER_KEYS.join(', ')}`,
  '/campaignId': 'must be 2 to 64 lower-case letters, digits and hyphens, such as parks-2026',
  '/sources/*/url': FIELD_FORMS['/message/moreInfo'] ?? '',
  '/version': 'must be the version that the change was made from',
  '/status': `must be one of ${TEMPLATE_STATUSES.join(', ')}`,
  '/moderation': 'must be null, or an object with flagged, severity and toxicity',
  '/moderation/toxicity': 'must be a number from 0 to 1',
};

function toProblem(issue: z.core.$ZodIssue, value: unknown): FieldProblem {
  const pointer = issue.path.map((part) => `/${String(part)}`).join('');
  const { rule, limit } = ruleOf(issue, valueAt(value, issue.path) === undefined);
  const form =
    FORMS[pointer.replace(/\/[0-9]+(?=\/|$)/g, '/*')] ??
    'has another form; docs/operator/templates.md lists the fields';
  return {
    pointer,
    code: rule,
    message: `${pointer || 'The template'}: ${describe(rule, limit, form, 'origin' in issue && issue.origin === 'array')}`,
  };
}

function describe(rule: FieldRule, limit: number | undefined, form: string, isList: boolean): string {
  const amount = `${String(limit)} ${isList ? 'entries' : 'characters'}`;
  switch (rule) {
    case 'required':
      return 'is required and missing';
    case 'too_short':
      return limit === undefined ? form : `must have at least ${amount}`;
    case 'too_long':
      return limit === undefined ? form : `must have at most ${amount}`;
    case 'repeated':
      return 'names the same entry twice';
    case 'unknown_field':
      return 'has a field that is not known';
    case 'invalid_characters':
    case 'invisible_characters':
      return 'has characters that cannot be sent to Congress; remove them';
    case 'invalid':
      return form;
  }
}
