import { createHash } from 'node:crypto';
import {
  encodeCanonicalJson,
  type ManagedTemplate,
  managedTemplateSchema,
  type NewTemplate,
  type Template,
  type TemplateContent,
  templateContentSchema,
  toHex,
} from '@communique-tee/protocol';
import type { Template as Row } from '../../core/database/generated/client';

/** The columns that hold a template's content, and the hash of the content. */
export interface ContentColumns extends TemplateContent {
  readonly contentSha256: Uint8Array<ArrayBuffer>;
}

/** The names of the fields that the public sees, in the order of the schema. */
export const CONTENT_FIELDS = Object.keys(templateContentSchema.shape) as readonly (keyof TemplateContent)[];

/** @param slug part of what the public sees, so the hash covers it */
export function contentColumns(slug: string, content: TemplateContent): ContentColumns {
  const sha256 = createHash('sha256')
    .update(encodeCanonicalJson({ slug, ...content }))
    .digest();
  return { ...content, contentSha256: new Uint8Array(sha256) };
}

export function contentOf({ slug: _slug, ...given }: NewTemplate): TemplateContent {
  const { description = null, category = null, stance = null, bills = [], campaignNote = null, sources = [] } = given;
  return { ...given, description, category, stance, bills, campaignNote, sources };
}

/** @throws Error if this gateway cannot have written the row */
export function managedTemplateOf(row: Row): ManagedTemplate {
  return managedTemplateSchema.parse({
    ...row,
    contentSha256: toHex(row.contentSha256),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  });
}

export function publicTemplateOf({
  status: _status,
  createdAt: _createdAt,
  moderation: _moderation,
  originalContent: _originalContent,
  changeLog: _changeLog,
  ...shown
}: ManagedTemplate): Template {
  return shown;
}
