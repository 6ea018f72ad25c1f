import { Client } from 'pg';
import { type Command, USAGE } from './arguments';
import { clearStop, standingStop, systemWindows } from './emergency-stop';

export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** @returns the exit code */
export async function runCommand(command: Command, databaseUrl: string | undefined, { out, err }: Output): Promise<number> {
  if (command.kind === 'help') {
    out(USAGE);
    return 0;
  }
  if (command.kind === 'invalid') {
    err(`${command.problem}\n\n${USAGE}`);
    return 2;
  }
  if (databaseUrl === undefined || databaseUrl === '') {
    err('DATABASE_URL is not set\n');
    return 2;
  }
  let client: Client | undefined;
  let connected = false;
  try {
    // An address that is none is thrown at here already.
    client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5000, query_timeout: 15_000, application_name: 'communique-operator' });
    client.on('error', () => undefined);
    await client.connect();
    connected = true;
    return command.kind === 'status' ? await status(client, command.json, out) : await clear(client, command.by, command.why, out);
  } catch (error) {
    const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    err(`the database cannot be used (${typeof code === 'string' ? code : 'no answer'}); ${connected && command.kind === 'clear-stop' ? 'whether the stop was cleared, `status` will tell' : 'nothing was changed'}\n`);
    return 1;
  } finally {
    await client?.end().catch(() => undefined);
  }
}

async function status(client: Client, json: boolean, out: Output['out']): Promise<number> {
  const [stop, windows] = [await standingStop(client), await systemWindows(client)];
  if (json) {
    out(`${JSON.stringify({ stopped: stop !== undefined, stop: stop ?? null, windows })}\n`);
    return 0;
  }
  out(stop === undefined ? 'No emergency stop stands.\n' : `EMERGENCY STOP since ${stop.raisedAt.toISOString()}: ${stop.reason}\n`);
  for (const { scope, startsAt, reservedMicroUsd, spentMicroUsd } of windows) {
    out(`${scope === 'system_hour' ? 'UTC hour' : 'UTC day '} from ${startsAt.toISOString()}: reserved ${dollars(reservedMicroUsd)}, spent ${dollars(spentMicroUsd)}\n`);
  }
  return 0;
}

async function clear(client: Client, by: string, why: string, out: Output['out']): Promise<number> {
  const cleared = await clearStop(client, by, why);
  if (cleared === undefined) {
    out('No emergency stop stands: there is nothing to clear.\n');
    return 1;
  }
  out(`Cleared the stop of ${cleared.raisedAt.toISOString()} (${cleared.reason}), by ${by}.\n`);
  out('While the sum of this UTC day stands at EMERGENCY_SHUTDOWN_THRESHOLD, the next message raises it again: raise the threshold, or wait for the next UTC day.\n');
  return 0;
}

function dollars(microUsd: string): string {
  const digits = microUsd.padStart(7, '0');
  return `$${digits.slice(0, -6)}.${digits.slice(-6)}`;
}
