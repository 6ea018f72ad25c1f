import { parseArgs } from 'node:util';

export const USAGE = `usage: npm run operator -- <command>

  status [--json]                        the emergency stop and the system's budget windows of now
  clear-stop --by <name> --why <text>    lets spending go on; who cleared it and why is kept

The database is that of DATABASE_URL (or of .env). Exit code: 0 done, 1 not done, 2 not understood.
`;

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'status'; readonly json: boolean }
  | { readonly kind: 'clear-stop'; readonly by: string; readonly why: string }
  | { readonly kind: 'invalid'; readonly problem: string };

/** Column sizes of emergency_stop. */
const MAX_BY = 200;
const MAX_WHY = 500;

export function parseCommand(args: readonly string[]): Command {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options: { by: { type: 'string' }, why: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  } catch (error) {
    return { kind: 'invalid', problem: error instanceof Error ? error.message : String(error) };
  }
  const { values, positionals } = parsed;
  if (values.help === true || positionals[0] === 'help') return { kind: 'help' };
  const [name, ...more] = positionals;
  if (more.length > 0) return { kind: 'invalid', problem: 'one command at a time (quote texts that hold spaces)' };
  if (name === 'status') return { kind: 'status', json: values.json === true };
  if (name !== 'clear-stop') return { kind: 'invalid', problem: name === undefined ? 'which command?' : 'this command is not known' };
  const by = values.by?.trim() ?? '';
  const why = values.why?.trim() ?? '';
  if (by === '' || by.length > MAX_BY) return { kind: 'invalid', problem: `clear-stop needs --by <name>, at most ${String(MAX_BY)} characters` };
  if (why === '' || why.length > MAX_WHY) return { kind: 'invalid', problem: `clear-stop needs --why <text>, at most ${String(MAX_WHY)} characters` };
  return { kind: 'clear-stop', by, why };
}
