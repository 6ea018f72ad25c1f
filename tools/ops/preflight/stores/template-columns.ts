import type { Client } from 'pg';
import { fail, pass, type Finding } from '../check';

/**
 * Columns with facts about a template that do not depend on the model or person who worked on it. The older deployment guide calls them
 * "agent-agnostic fields".
 */
const AGENT_AGNOSTIC = ['sources', 'moderation', 'original_content', 'change_log'] as const;
/** Columns of the table with agents' work on templates. */
const AGENT_RUN = ['task', 'provider', 'model', 'price_version', 'cost_micro_usd', 'end', 'statement'] as const;
/** Matches columns that would tie the table to one provider. */
const PROVIDER = /openai|gpt|google|gemini|anthropic|claude/;

/** Checks the columns of templates in the database's catalog. */
export async function templateColumns(client: Client): Promise<Finding> {
  const { rows } = await client.query<{ table: string; name: string }>(
    `SELECT attrelid::regclass::text AS table, attname AS name FROM pg_attribute
     WHERE attrelid IN (to_regclass('template'), to_regclass('agent_run')) AND attnum > 0 AND NOT attisdropped`,
  );
  const has = (table: string, name: string) => rows.some((row) => row.table === table && row.name === name);
  const names = rows.map(({ name }) => name);
  const missing = [
    ...AGENT_AGNOSTIC.filter((name) => !has('template', name)),
    ...AGENT_RUN.filter((name) => !has('agent_run', name)).map((name) => `agent_run.${name}`),
  ];
  if (missing.length > 0)
    return fail(
      `templates lack agent-agnostic fields: ${missing.join(', ')}`,
      'the table is not the one of this release: look who changed it',
    );
  const tied = names.filter((name) => PROVIDER.test(name));
  return tied.length === 0
    ? pass(`templates have the agent-agnostic fields ${AGENT_AGNOSTIC.join(', ')}, and runs of agents`)
    : fail(
        `columns of templates name a provider: ${tied.map((name) => name.slice(0, 80)).join(', ')}`,
        'the table is not the one of this release: look who changed it',
      );
}
