import * as z from 'zod';
import { TASKS } from '../agents/vocabulary';
import { instantSchema } from '../encoding/instant';
import type { FieldProblem } from '../problems';
import { CHAMBER_KEYS } from './chambers';
import { valueAt } from './field-problems';
import { FIELD_FORMS, type FieldRule, ruleOf } from './field-rules';
import { templateIdentity, templateSlug, templateVersionMembers, templateWords } from './template';

/** The members of a template that only administrators see. Its public members are in template.ts. */

export const TEMPLATE_STATUSES = ['draft', 'published', 'archived'] as const;
export type TemplateStatus = (typeof TEMPLATE_STATUSES)[number];

/** The maximum number of templates of one gateway. All statuses count. */
export const MAX_TEMPLATES = 500;
const MAX_TOXICITY = 1;
const MAX_PROBLEMS = 50;

export const moderationSchema = z
  .strictObject({
    flagged: z.boolean().meta({ description: 'True if the template must not be published.' }),
    severity: z.enum(['none', 'low', 'medium', 'high']),
    toxicity: z.number().min(0).max(MAX_TOXICITY),
  })
  .meta({ id: 'TemplateModeration', description: 'The judgment of an editor, or of a program that helps the editor.' });
export type TemplateModeration = z.infer<typeof moderationSchema>;

/** `POST /api/templates`. Omitted members are null or empty. */
export const newTemplateSchema = z
  .strictObject({
    slug: templateSlug,
    ...templateWords,
    description: templateWords.description.optional(),
    category: templateWords.category.optional(),
    stance: templateWords.stance.optional(),
    bills: templateWords.bills.optional(),
    campaignNote: templateWords.campaignNote.optional(),
    sources: templateWords.sources.optional(),
  })
  .meta({ id: 'NewTemplate', description: 'A new template. It begins as a draft.' });
export type NewTemplate = z.infer<typeof newTemplateSchema>;

/** `PATCH /api/templates/:id`: each given member replaces the stored one as a whole. */
export const templateChangeSchema = z
  .strictObject({
    version: z
      .int()
      .positive()
      .max(2_147_483_646)
      .meta({ description: 'The version that the caller read before the change.' }),
    ...z.object(templateWords).partial().shape,
    status: z.enum(TEMPLATE_STATUSES).optional(),
    moderation: moderationSchema.nullable().optional(),
  })
  .meta({ id: 'TemplateChange', description: 'The members to change. Absent members do not change.' });
export type TemplateChange = z.infer<typeof templateChangeSchema>;

/** One template in the answer of `GET /api/admin/templates`, and the answer to POST and PATCH. */
export const managedTemplateSchema = z
  .strictObject({
    ...templateIdentity,
    ...templateWords,
    ...templateVersionMembers,
    status: z.enum(TEMPLATE_STATUSES),
    createdAt: instantSchema,
    moderation: moderationSchema.nullable(),
    originalContent: z
      .strictObject({ title: templateWords.title, subject: templateWords.subject, body: templateWords.body })
      .meta({ description: 'The words with which the template was created.' }),
    changeLog: z
      .array(
        z.strictObject({
          version: z.int().positive(),
          at: instantSchema,
          by: z
            .string()
            .meta({ description: 'The administrator: base64url of SHA-256 over the issuer and subject of the token.' }),
          fields: z.array(z.string()),
        }),
      )
      .meta({ description: 'The last hundred changes, the most recent one last.' }),
  })
  .meta({ id: 'ManagedTemplate', description: 'A template with its status and history, for administrators.' });
export type ManagedTemplate = z.infer<typeof managedTemplateSchema>;

export const managedTemplateListSchema = z
  .strictObject({ templates: z.array(managedTemplateSchema) })
  .meta({ id: 'ManagedTemplateList', description: 'Every template in every status, the most recently changed first.' });
export type ManagedTemplateList = z.infer<typeof managedTemplateListSchema>;

export type TemplateResult<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problems: FieldProblem[] };

export function parseNewTemplate(value: unknown): TemplateResult<NewTemplate> {
  return parseTemplateInput(newTemplateSchema, value);
}

export function parseTemplateChange(value: unknown): TemplateResult<TemplateChange> {
  return parseTemplateInput(templateChangeSchema, value);
}

/** Returns the parsed input, or one problem for each invalid field. */
export function parseTemplateInput<Value>(schema: z.ZodType<Value>, value: unknown): TemplateResult<Value> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, problems: parsed.error.issues.slice(0, MAX_PROBLEMS).map((issue) => toProblem(issue, value)) };
}

/** The error text of each field that has a fixed form. `toProblem` puts the field's name before it. */
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
  '/requestId': 'must be the id of a task: a UUID in lower case',
  '/task': `must be one of ${TASKS.join(', ')}`,
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
    'does not have the form that docs/operator/templates.md describes';
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
