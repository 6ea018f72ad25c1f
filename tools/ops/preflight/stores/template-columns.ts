import type { Client } from 'pg';
import { fail, pass, type Finding } from '../check';

/**
 * What the deployment guide calls agent-agnostic fields, as far as something writes and reads them today: facts about a text that do not
 * depend on which model, or which person, worked on it. docs/operator/templates.md names those that do not exist yet.
 */
const AGENT_AGNOSTIC = ['sources', 'moderation', 'original_content', 'change_log'] as const;
/** Columns that would tie the table to one provider. */
const PROVIDER = /openai|gpt|google|gemini|anthropic|claude/;

/** Reads the migrated database's own catalog. */
export async function templateColumns(client: Client): Promise<Finding> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass('template') AND attnum > 0 AND NOT attisdropped",
  );
  const names = rows.map(({ name }) => name);
  const missing = AGENT_AGNOSTIC.filter((name) => !names.includes(name));
  if (missing.length > 0)
    return fail(
      `templates lack agent-agnostic fields: ${missing.join(', ')}`,
      'the table is not the one of this release: look who changed it',
    );
  const tied = names.filter((name) => PROVIDER.test(name));
  return tied.length === 0
    ? pass(`templates have the agent-agnostic fields ${AGENT_AGNOSTIC.join(', ')}`)
    : fail(
        `columns of templates name a provider: ${tied.map((name) => name.slice(0, 80)).join(', ')}`,
        'the table is not the one of this release: look who changed it',
      );
}
