import { Client } from 'pg';
import type { Streams } from '@communique-tee/command-line';
import { revokeKey, type SealedKeyRow, sealedKeys } from './sealed-keys';
import { clearStop, currentStop, systemWindows } from './emergency-stop';
import { clearModels, type ModelOff, modelsOff, type ModelsToClear } from './models-off';

export type Task =
  | { readonly kind: 'status'; readonly json: boolean }
  | { readonly kind: 'clear-stop'; readonly by: string; readonly why: string }
  | { readonly kind: 'clear-model'; readonly what: ModelsToClear; readonly by: string; readonly why: string }
  | { readonly kind: 'keys-list'; readonly json: boolean }
  | { readonly kind: 'keys-revoke'; readonly keyId: string; readonly by: string; readonly why: string };

const NOTHING_CHANGED = 'nothing was changed';
/** How to find out whether a command changed the database in spite of an error. */
const UNSURE: Readonly<Partial<Record<Task['kind'], string>>> = {
  'clear-stop': '`status` shows whether the stop was cleared',
  'clear-model': '`status` shows whether the model was cleared',
  'keys-revoke': '`keys list` shows whether the key was revoked',
};

/** @returns the exit code */
export async function runTask(task: Task, databaseUrl: string | undefined, { out, err }: Streams): Promise<number> {
  if (databaseUrl === undefined || databaseUrl === '') {
    err('DATABASE_URL is not set: set it in the environment or in .env\n');
    return 2;
  }
  let client: Client | undefined;
  let connected = false;
  try {
    // This throws for an invalid address.
    client = new Client({
      connectionString: databaseUrl,
      connectionTimeoutMillis: 5000,
      query_timeout: 15_000,
      application_name: 'communique-operator',
    });
    client.on('error', () => undefined);
    await client.connect();
    connected = true;
    return await run(task, client, out);
  } catch (error) {
    const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    err(
      `the database cannot be used (${typeof code === 'string' ? code : 'no answer'}); ${connected ? (UNSURE[task.kind] ?? NOTHING_CHANGED) : NOTHING_CHANGED}\n`,
    );
    return 1;
  } finally {
    await client?.end().catch(() => undefined);
  }
}

function run(task: Task, client: Client, out: Streams['out']): Promise<number> {
  switch (task.kind) {
    case 'status':
      return status(client, task.json, out);
    case 'clear-stop':
      return clear(client, task.by, task.why, out);
    case 'clear-model':
      return clearModel(client, task, out);
    case 'keys-list':
      return listKeys(client, task.json, out);
    case 'keys-revoke':
      return revoke(client, task.keyId, task.by, task.why, out);
  }
}

async function status(client: Client, json: boolean, out: Streams['out']): Promise<number> {
  const [stop, off, windows] = [await currentStop(client), await modelsOff(client), await systemWindows(client)];
  if (json) {
    out(`${JSON.stringify({ stopped: stop !== undefined, stop: stop ?? null, modelsOff: off, windows })}\n`);
    return 0;
  }
  out(
    stop === undefined
      ? 'No emergency stop is set.\n'
      : `EMERGENCY STOP since ${stop.raisedAt.toISOString()}: ${stop.reason}\n`,
  );
  for (const each of off) out(`OFF since ${each.since.toISOString()}: ${nameOf(each)} (${each.why})\n`);
  for (const { scope, startsAt, reservedMicroUsd, spentMicroUsd } of windows) {
    out(
      `${scope === 'system_hour' ? 'UTC hour' : 'UTC day '} from ${startsAt.toISOString()}: reserved ${dollars(reservedMicroUsd)}, spent ${dollars(spentMicroUsd)}\n`,
    );
  }
  return 0;
}

async function clear(client: Client, by: string, why: string, out: Streams['out']): Promise<number> {
  const cleared = await clearStop(client, by, why);
  if (cleared === undefined) {
    out('No emergency stop is set, so nothing was cleared.\n');
    return 1;
  }
  out(`Cleared the stop of ${cleared.raisedAt.toISOString()} (${cleared.reason}), by ${by}.\n`);
  out(
    'As long as this UTC day’s spending is at EMERGENCY_SHUTDOWN_THRESHOLD, the next request that costs money raises the stop again: raise the threshold, or wait for the next UTC day.\n',
  );
  return 0;
}

async function clearModel(
  client: Client,
  { what, by, why }: Extract<Task, { kind: 'clear-model' }>,
  out: Streams['out'],
): Promise<number> {
  const cleared = await clearModels(client, what, by, why);
  if (cleared.length === 0) {
    out(
      'Nothing of that name is off, so nothing was cleared. `status` lists what is off. A model without a price (no_price in /api/health/tee) needs another image and release.\n',
    );
    return 1;
  }
  for (const each of cleared)
    out(`Cleared ${nameOf(each)}, off since ${each.since.toISOString()} (${each.why}), by ${by}.\n`);
  return 0;
}

function nameOf({ provider, model }: ModelOff): string {
  return model === '*' ? `every model of ${provider}` : `${model} of ${provider}`;
}

async function listKeys(client: Client, json: boolean, out: Streams['out']): Promise<number> {
  const keys = await sealedKeys(client);
  if (json) {
    out(`${JSON.stringify({ keys })}\n`);
    return 0;
  }
  if (keys.length === 0) out('There are no sealed keys: no enclave has stored one in this database.\n');
  for (const key of keys) out(textOf(key));
  return 0;
}

function textOf({
  keyId,
  custody,
  pcr0,
  epoch,
  state,
  createdAt,
  rotateAfter,
  destroyAfter,
  revokedAt,
  revokedBy,
  revokedWhy,
  waiting,
}: SealedKeyRow): string {
  const revoked =
    revokedAt === null ? '' : `  revoked ${revokedAt.toISOString()} by ${String(revokedBy)}: ${String(revokedWhy)}\n`;
  return `${keyId}  ${state}, ${String(waiting)} waiting, number ${epoch} of image ${pcr0.slice(0, 16)}... under ${custody}\n  made ${createdAt.toISOString()}, current until ${rotateAfter.toISOString()}, gone ${destroyAfter.toISOString()}\n${revoked}`;
}

async function revoke(client: Client, keyId: string, by: string, why: string, out: Streams['out']): Promise<number> {
  const revoked = await revokeKey(client, keyId, by, why);
  if (revoked === undefined) {
    out('No such key: `keys list` shows the existing ones.\n');
    return 1;
  }
  const { key, before } = revoked;
  out(
    before
      ? `It was already revoked:\n${textOf(key)}`
      : `Revoked ${keyId}, by ${by}. Gateways see this within a second and take the key from every enclave that they reach. An enclave that no gateway reaches keeps the key in its memory until it is stopped.\n${String(key.waiting)} message(s) wait for it and end as key_retired.\n`,
  );
  return before ? 1 : 0;
}

function dollars(microUsd: string): string {
  const digits = microUsd.padStart(7, '0');
  return `$${digits.slice(0, -6)}.${digits.slice(-6)}`;
}
