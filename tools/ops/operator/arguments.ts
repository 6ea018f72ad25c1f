import { parseArgs } from 'node:util';

export const USAGE = `usage: npm run operator -- <command>

  status [--json]                        the emergency stop and the system's budget windows of now
  clear-stop --by <name> --why <text>    lets spending go on; who cleared it and why is kept
  keys list [--json]                     the sealed keys of the enclaves, the latest first, and what waits for each
  keys revoke <key id> --by <name> --why <text>
                                         takes a key from every enclave for good: what is sealed to it and not delivered
                                         ends as key_retired, and its sender has to seal it again

The database is that of DATABASE_URL (or of .env). Exit code: 0 done, 1 not done, 2 not understood.
`;

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'status'; readonly json: boolean }
  | { readonly kind: 'clear-stop'; readonly by: string; readonly why: string }
  | { readonly kind: 'keys-list'; readonly json: boolean }
  | { readonly kind: 'keys-revoke'; readonly keyId: string; readonly by: string; readonly why: string }
  | { readonly kind: 'invalid'; readonly problem: string };

/** Column sizes of emergency_stop and sealed_key. */
const MAX_BY = 200;
const MAX_WHY = 500;

export function parseCommand(args: readonly string[]): Command {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        by: { type: 'string' },
        why: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    return { kind: 'invalid', problem: error instanceof Error ? error.message : String(error) };
  }
  const { values, positionals } = parsed;
  if (values.help === true || positionals[0] === 'help') return { kind: 'help' };
  const [name, ...more] = positionals;
  if (name === 'keys') return keysCommand(more, values);
  if (more.length > 0) return { kind: 'invalid', problem: 'one command at a time (quote texts that hold spaces)' };
  if (name === 'status') return { kind: 'status', json: values.json === true };
  if (name !== 'clear-stop')
    return { kind: 'invalid', problem: name === undefined ? 'which command?' : 'this command is not known' };
  const reason = whoAndWhy('clear-stop', values);
  return 'problem' in reason ? { kind: 'invalid', ...reason } : { kind: 'clear-stop', ...reason };
}

interface Values {
  readonly by?: string | undefined;
  readonly why?: string | undefined;
  readonly json?: boolean | undefined;
}

function keysCommand([name, ...more]: readonly string[], values: Values): Command {
  if (name === 'list' && more.length === 0) return { kind: 'keys-list', json: values.json === true };
  const [keyId = '', ...rest] = more;
  if (name !== 'revoke' || rest.length > 0) return { kind: 'invalid', problem: 'keys list, or keys revoke <key id>' };
  if (!/^[0-9a-fA-F]{32}$/.test(keyId))
    return { kind: 'invalid', problem: 'keys revoke needs a key id: 32 hexadecimal digits, as keys list shows them' };
  const reason = whoAndWhy('keys revoke', values);
  return 'problem' in reason
    ? { kind: 'invalid', ...reason }
    : { kind: 'keys-revoke', keyId: keyId.toLowerCase(), ...reason };
}

function whoAndWhy(
  command: string,
  values: Values,
): { readonly by: string; readonly why: string } | { readonly problem: string } {
  const by = values.by?.trim() ?? '';
  const why = values.why?.trim() ?? '';
  if (by === '' || by.length > MAX_BY)
    return { problem: `${command} needs --by <name>, at most ${String(MAX_BY)} characters` };
  if (why === '' || why.length > MAX_WHY)
    return { problem: `${command} needs --why <text>, at most ${String(MAX_WHY)} characters` };
  return { by, why };
}
