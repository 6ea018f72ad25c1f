import {
  type ManagedTemplate,
  MAX_PUBLISHED_LIST_BYTES,
  MAX_PUBLISHED_TEMPLATES,
  MAX_TEMPLATES,
  type NewTemplate,
  type Template,
  type TemplateChange,
  managedTemplateSchema,
  templateContentSchema,
} from '@communique-tee/protocol';
import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../../core/database/database';
import { Prisma, type Template as Row } from '../../core/database/generated/client';
import { ProblemError } from '../../core/problems/problem-error';
import { CampaignNotes } from './campaign-notes';
import { CONTENT_FIELDS, contentColumns, contentOf, managedTemplateOf, publicTemplateOf } from './template-rows';

/** The number of the templates' advisory lock in the database: "cttmpl" in ASCII. */
const LOCK = 0x63_74_74_6d_70_6cn;
const MAX_LOGGED_CHANGES = 100;
/** The limit for all templates together as JSON, because administrators get all of them in one answer. */
const MAX_ALL_BYTES = 4 * 1024 * 1024;

/** Templates in PostgreSQL. A lock admits one writer at a time, so that the limits apply to all gateways of the database together. */
@Injectable()
export class TemplateStore {
  constructor(
    private readonly database: Database,
    private readonly notes: CampaignNotes,
  ) {}

  /**
   * Published templates, in ascending order of the slug.
   * @throws ProblemError `database_unavailable` | `overloaded`, as all methods of this class
   */
  async published(): Promise<Template[]> {
    return this.database.read(publishedIn);
  }

  /** Templates in every status, the most recently changed first. */
  async all(): Promise<ManagedTemplate[]> {
    const rows = await this.database.read((client) =>
      client.template.findMany({ orderBy: [{ updatedAt: 'desc' }, { slug: 'asc' }], take: MAX_TEMPLATES }),
    );
    return rows.map(managedTemplateOf);
  }

  /**
   * Adds a draft.
   * @param by the administrator's owner hash
   * @throws ProblemError `slug_taken` | `templates_full` | `campaign_note_invalid`
   */
  async add(given: NewTemplate, by: string): Promise<ManagedTemplate> {
    const content = contentOf(given);
    this.notes.assertFits(content);
    const { slug } = given;
    return this.write(async (transaction) => {
      const others = await transaction.template.findMany({ where: { slug }, select: { id: true } });
      if (others.length > 0) throw new ProblemError('slug_taken');
      const at = new Date();
      const { title, subject, body } = content;
      return transaction.template.create({
        data: {
          slug,
          ...contentColumns(slug, content),
          createdAt: at,
          updatedAt: at,
          originalContent: { title, subject, body },
          changeLog: [{ version: 1, at: at.toISOString(), by, fields: ['slug', ...CONTENT_FIELDS] }],
        },
      });
    });
  }

  /**
   * Changes a template, or its status.
   * @throws ProblemError `not_found` | `template_changed` | `templates_full` | `template_not_publishable` | `campaign_note_invalid`
   */
  async change(
    id: string,
    { version, status, moderation, ...words }: TemplateChange,
    by: string,
  ): Promise<ManagedTemplate> {
    return this.write(async (transaction) => {
      const row = await transaction.template.findUnique({ where: { id } });
      if (row === null) throw new ProblemError('not_found');
      if (row.version !== version) throw new ProblemError('template_changed');
      const before = managedTemplateOf(row);
      const given = withoutUndefined({ status, moderation, ...words });
      const after = merged(before, given);
      const content = templateContentSchema.strip().parse(after);
      // A stored note may be signed by a key that is no longer configured, so it is checked only when the template is published or the note
      // changes
      if (after.status === 'published' || words.campaignNote !== undefined || words.campaignId !== undefined)
        this.notes.assertFits(content);
      if (after.status === 'published') this.assertPublishable(after);
      const at = new Date();
      const changeLog = [
        ...before.changeLog,
        { version: version + 1, at: at.toISOString(), by, fields: Object.keys(given) },
      ].slice(-MAX_LOGGED_CHANGES);
      return transaction.template.update({
        where: { id },
        data: {
          ...contentColumns(before.slug, content),
          status: after.status,
          ...(moderation !== undefined && { moderation: moderation ?? Prisma.DbNull }),
          version: version + 1,
          updatedAt: at,
          changeLog,
        },
      });
    });
  }

  private assertPublishable({ moderation, campaignNote }: ManagedTemplate): void {
    if (moderation?.flagged === true)
      throw new ProblemError('template_not_publishable', { detail: 'The template is flagged (moderation).' });
    if (campaignNote === null && this.notes.required)
      throw new ProblemError('template_not_publishable', {
        detail: 'Every message of this gateway needs a campaign note, and this template has none.',
      });
  }

  private async write(work: (transaction: Transaction) => Promise<Row>): Promise<ManagedTemplate> {
    const row = await this.database.transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${LOCK}::bigint)`;
      const written = await work(transaction);
      await assertRoom(transaction, written.status === 'published');
      return written;
    });
    return managedTemplateOf(row);
  }
}

/** Checks the limits on all templates. @throws ProblemError `templates_full`, which rolls the change back */
async function assertRoom(transaction: Transaction, isPublished: boolean): Promise<void> {
  const [all] = await transaction.$queryRaw<{ count: number; bytes: number }[]>`
    SELECT count(*)::int AS count, coalesce(sum(octet_length(to_jsonb(t)::text)), 0)::float8 AS bytes FROM template t`;
  if ((all?.count ?? 0) > MAX_TEMPLATES || (all?.bytes ?? 0) > MAX_ALL_BYTES)
    throw new ProblemError('templates_full', {
      detail: `A gateway keeps at most ${String(MAX_TEMPLATES)} templates, with at most ${String(MAX_ALL_BYTES)} bytes in total.`,
    });
  if (!isPublished) return;
  const published = await publishedIn(transaction);
  if (published.length > MAX_PUBLISHED_TEMPLATES || listText(published).length > MAX_PUBLISHED_LIST_BYTES)
    throw new ProblemError('templates_full', {
      detail: `A gateway publishes at most ${String(MAX_PUBLISHED_TEMPLATES)} templates, with at most ${String(MAX_PUBLISHED_LIST_BYTES)} bytes in total. Archive some.`,
    });
}

async function publishedIn(client: Pick<Transaction, 'template'>): Promise<Template[]> {
  const rows = await client.template.findMany({
    where: { status: 'published' },
    orderBy: { slug: 'asc' },
    take: MAX_PUBLISHED_TEMPLATES + 1,
  });
  return rows.map((row) => publicTemplateOf(managedTemplateOf(row)));
}

/** The body of `GET /api/templates`, in UTF-8. */
export function listText(templates: readonly Template[]): Buffer {
  return Buffer.from(JSON.stringify({ templates }));
}

function merged(before: ManagedTemplate, given: Readonly<Record<string, unknown>>): ManagedTemplate {
  return managedTemplateSchema.parse({ ...before, ...given });
}

function withoutUndefined(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}
